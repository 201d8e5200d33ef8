import type { z } from 'zod';
import type { ListenAddress, NamedListener } from '../../drivers/listen-address.ts';
import type {
  HoldLimits,
  MemberTransport,
  TrafficAbilities,
} from '../../drivers/traffic/contract.ts';
import type { ConfigPath } from '../faults.ts';
import type { RuleFault } from '../rule-fault.ts';
import type { ParsedService } from '../schema.ts';
import { choice } from '../values.ts';

// The configuration of one kind of traffic: one value of `traffic.via`.

export type TrafficKind<Schema extends z.ZodType, Resolved extends ResolvedBase> = {
  /** The keys of `traffic` with this `via`. */
  readonly schema: Schema;
  readonly abilities: (traffic: z.output<Schema>) => TrafficAbilities;
  readonly listeners: (traffic: z.output<Schema>) => Listeners;
  /** Rules of this kind only; rules that follow from abilities are in ability-rules.ts. */
  readonly rules: (
    traffic: z.output<Schema>,
    service: ParsedService,
    at: ConfigPath,
  ) => RuleFault[];
  readonly compile: (traffic: z.output<Schema>, baseDir: string) => Resolved;
};

/** In the order of the file; the first is `traffic.listen` and is called `service`. */
export type Listeners = readonly [NamedListener, ...NamedListener[]];

/** Common to all kinds. */
export type ResolvedBase = {
  readonly abilities: TrafficAbilities;
  readonly listen: ListenAddress;
  readonly listeners: Listeners;
  readonly protocol: 'http' | 'tcp';
  readonly transport: MemberTransport;
  /** Limits of held requests while no member is serving, and of a member's response time (0: no limit). */
  readonly waiting: Pick<HoldLimits, 'holdMs' | 'holdRequests' | 'answerMs'>;
};

export const PROTOCOL = choice(
  ['http', 'tcp'],
  '`http`: per-request hold and retry. `tcp`: per-connection hold.',
).prefault('http');
