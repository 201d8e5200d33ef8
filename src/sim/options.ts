import type { ServiceConfig } from '../core/config.ts';
import type { HoldLimits } from './data-plane.ts';
import type { Fault } from './fault.ts';
import type { NetworkOptions } from './network.ts';
import type { ReplicationMode } from './replication.ts';

/** Everything that a run depends on besides its seed, as plain data: a run can be described, changed and shrunk. */
export type SimulationOptions = {
  readonly seed: number;
  readonly hosts: readonly string[];
  readonly services: readonly ServiceConfig[];
  /** null: stateless members. */
  readonly replication: ReplicationMode | null;
  /** How often a primary sends what it has, ms; 0: each write at once. */
  readonly sendsEveryMs: number;
  /** embedded: on the one host, which takes it down with it. remote: a node of its own. */
  readonly store: 'embedded' | 'remote';
  readonly network: NetworkOptions;
  readonly hold: HoldLimits;
  readonly clients: ClientsOptions;
  /** Greatest deviation of a clock's rate from true time, a share. */
  readonly drift: number;
  readonly faults: readonly Fault[];
  /** What befalls single orders and their outcomes while faults go on, as shares of all. */
  readonly mishaps: MishapShares;
  /** How long faults go on, ms. */
  readonly safetyMs: number;
  /** How long everything may take to be well once they stop, ms. */
  readonly healMs: number;
  /** Replays each agent's journal: doubles the run's cost. */
  readonly replays: boolean;
  readonly keepsTrace: boolean;
  /** Keeps what clients saw, and hashes what happened, for the checkers and for comparison. */
  readonly isRecorded: boolean;
  /** False: the kernel answers probes for a process that hangs. */
  readonly probesSeeHangs: boolean;
  /** From its start until a member is ready, ms. */
  readonly readyAfterMs: { readonly low: number; readonly high: number };
};

type ClientsOptions = {
  readonly count: number;
  readonly timeoutMs: number;
  readonly pauseMs: { readonly low: number; readonly high: number };
  /** Share of requests that write. */
  readonly writes: number;
};

export type MishapShares = {
  readonly orderFails: number;
  readonly outcomeLost: number;
  readonly outcomeLate: number;
  readonly outcomeTwice: number;
  /** Of a position. */
  readonly reportLost: number;
};

export const NO_MISHAPS: MishapShares = {
  orderFails: 0,
  outcomeLost: 0,
  outcomeLate: 0,
  outcomeTwice: 0,
  reportLost: 0,
};
