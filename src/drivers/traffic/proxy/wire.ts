import type { Route } from '../../../core/effect.ts';
import type { EffectFault } from '../../../core/reasons.ts';
import type { TrafficEvent, TrafficOptions, TrafficStats } from '../contract.ts';

// What the agent and the data plane's process say to each other: one JSON value per line on a Unix socket. The
// process outlives agents, so it greets each one with what it is and does, and the newest one has its ear.

/** Grows with every change that an older partner would misunderstand. */
export const PROTOCOL_VERSION = 3;

/** What the process is started with. */
export type ProxyOptions = Omit<TrafficOptions, 'stateDir' | 'onEvent'> & {
  readonly controlPath: string;
};

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
  | { readonly type: 'stats'; readonly stats: TrafficStats };

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
  | { readonly type: 'event'; readonly event: TrafficEvent }
  /** A newer agent has come: this one has no say any more. */
  | { readonly type: 'replaced' };

/** Exit codes of the process that the driver understands. */
export const EXIT = { addressTaken: 98, notPermitted: 97, certificateUnfit: 96 } as const;

export function lineOf(message: ToProxy | FromProxy): string {
  return `${JSON.stringify(message)}\n`;
}
