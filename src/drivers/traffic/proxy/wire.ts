import type { Route } from '../../../core/effect.ts';
import type { EffectFault } from '../../../core/reasons.ts';
import type { ProxyProcessStats, TrafficEvent, TrafficOptions } from '../contract.ts';

// What the agent and the data plane's process say to each other: one JSON value per line on a Unix socket. The
// process outlives agents, so it greets each one with what it is and does, and the newest one has its ear.

/** Grows with every change that an older partner would misunderstand. */
export const PROTOCOL_VERSION = 3;

/** What one process is started with: limits are its share of the service's. */
export type ProxyOptions = Omit<TrafficOptions, 'stateDir' | 'onEvent' | 'processes'> & {
  /** Its number among those of the service, from 0. */
  readonly process: number;
  readonly controlPath: string;
};

/** Each listen(2) of a process sets that of the shared socket anew. */
export const BACKLOG = 4096;

/** The descriptor of the listening socket that it inherits. */
export const LISTEN_FD = 3;

export type ProxyEvent = Extract<
  TrafficEvent,
  { type: 'failed' | 'fellBack' | 'sampled' | 'certificate' }
>;

export type Order =
  | { readonly type: 'route'; readonly route: Route }
  | { readonly type: 'drain'; readonly member: string; readonly timeoutMs: number }
  | { readonly type: 'stats' }
  | { readonly type: 'stop'; readonly graceMs: number };

export type ToProxy = { readonly id: number; readonly order: Order };

export type Reply =
  | { readonly ok: true; readonly value: Answer }
  | { readonly ok: false; readonly fault: EffectFault; readonly detail: string };

export type Answer =
  | { readonly type: 'done' }
  | { readonly type: 'drained'; readonly cut: number }
  | { readonly type: 'stats'; readonly stats: ProxyProcessStats };

export type Hello = {
  readonly type: 'hello';
  readonly protocol: number;
  readonly pid: number;
  readonly options: ProxyOptions;
  readonly route: Route | null;
};

export type FromProxy =
  | Hello
  | { readonly type: 'reply'; readonly id: number; readonly reply: Reply }
  | { readonly type: 'event'; readonly event: ProxyEvent }
  /** A newer agent has come: this one has no say any more. */
  | { readonly type: 'replaced' };

/** Exit codes of the process that its starter understands. */
export const EXIT = { certificateUnfit: 96 } as const;

export function lineOf(message: ToProxy | FromProxy): string {
  return `${JSON.stringify(message)}\n`;
}
