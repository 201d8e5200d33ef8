import type { Route } from '../../../core/effect.ts';
import type { ProxyProcessStats, TrafficEvent, TrafficOptions } from '../contract.ts';

// What the agent and a process of the proxy say to each other by control/protocol.ts.

/** Grows with every change that an older partner would misunderstand. */
export const PROTOCOL_VERSION = 4;

/** What one process is started with: limits are its share of the service's. */
export type ProxyOptions = Omit<TrafficOptions, 'stateDir' | 'onEvent' | 'processes'> & {
  /** Its number among those of the service, from 0. */
  readonly process: number;
  readonly controlPath: string;
};

/** Each listen(2) of a process sets that of the shared socket again. */
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

export type Answer =
  | { readonly type: 'done' }
  | { readonly type: 'drained'; readonly cut: number }
  | { readonly type: 'stats'; readonly stats: ProxyProcessStats };

/** What the process greets an agent with. */
export type Greeting = { readonly options: ProxyOptions; readonly route: Route | null };

/** Exit codes of the process that its starter understands. */
export const EXIT = { certificateUnfit: 96 } as const;
