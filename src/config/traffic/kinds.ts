import { z } from 'zod';
import type { TrafficAbilities } from '../../drivers/traffic/contract.ts';
import type { ConfigPath } from '../faults.ts';
import type { RuleFault } from '../rule-fault.ts';
import type { ParsedService } from '../schema.ts';
import type { Listeners, TrafficKind } from './kind.ts';
import { PROXY } from './proxy.ts';
import { SOCKET } from './socket.ts';

// The kinds of traffic by their value of `traffic.via`: the only place where the configuration distinguishes them. Their
// abilities determine the rest.

const KINDS = { proxy: PROXY, socket: SOCKET } as const;

/** A value of `traffic.via`. */
export type Via = keyof typeof KINDS;

/** The type parameters of each kind. */
type Parsed = { readonly [V in Via]: z.output<(typeof KINDS)[V]['schema']> };
type Resolved = { readonly [V in Via]: ReturnType<(typeof KINDS)[V]['compile']> };

type ParsedTraffic = Parsed[Via];
export type ResolvedTraffic = Resolved[Via];

export const trafficSection = z.discriminatedUnion('via', [PROXY.schema, SOCKET.schema]);

type Kind<V extends Via> = Pick<
  TrafficKind<z.ZodType<Parsed[V]>, Resolved[V]>,
  'abilities' | 'listeners' | 'rules' | 'compile'
>;

function kindOf<V extends Via>(via: V): Kind<V> {
  const kinds: { readonly [W in Via]: Kind<W> } = KINDS;
  return kinds[via];
}

export function trafficAbilities(traffic: ParsedTraffic): TrafficAbilities {
  return kindOf(traffic.via).abilities(traffic);
}

export function trafficListeners(traffic: ParsedTraffic): Listeners {
  return kindOf(traffic.via).listeners(traffic);
}

export function trafficRules(service: ParsedService, at: ConfigPath): RuleFault[] {
  return kindOf(service.traffic.via).rules(service.traffic, service, at);
}

export function compileTraffic(traffic: ParsedTraffic, baseDir: string): ResolvedTraffic {
  return kindOf(traffic.via).compile(traffic, baseDir);
}
