import type { ServiceConfig } from '../core/config.ts';
import type { HoldLimits } from './data-plane.ts';
import type { Fault } from './fault.ts';
import type { NetworkOptions } from './network.ts';
import type { ReplicationMode } from './replication.ts';

/** All parameters of a run besides its seed, as plain data: a run can be described, changed and shrunk. */
export type SimulationOptions = {
  readonly seed: number;
  readonly hosts: readonly string[];
  readonly services: readonly ServiceConfig[];
  /** null: stateless members. */
  readonly replication: ReplicationMode | null;
  /** Interval at which a primary sends its log, ms; 0: each write at once. */
  readonly sendsEveryMs: number;
  /** embedded: on the only host, fails with it. remote: on a separate node. */
  readonly store: 'embedded' | 'remote';
  readonly network: NetworkOptions;
  readonly hold: HoldLimits;
  readonly clients: ClientsOptions;
  /** Maximum deviation of a clock's rate from true time, a share. */
  readonly drift: number;
  readonly faults: readonly Fault[];
  /** Failures of single effects and results while faults are active, as shares. */
  readonly mishaps: MishapShares;
  /** Duration of the phase with faults, ms. */
  readonly safetyMs: number;
  /** Time limit for recovery after the faults, ms. */
  readonly healMs: number;
  /** Replays each agent's journal: doubles the run's cost. */
  readonly replays: boolean;
  readonly keepsTrace: boolean;
  /** Keeps the clients' history and a hash of the run, for the checkers and for comparison. */
  readonly isRecorded: boolean;
  /** False: a hung process still responds to probes, through the kernel. */
  readonly probesSeeHangs: boolean;
  /** Startup time of a member, ms. */
  readonly readyAfterMs: { readonly low: number; readonly high: number };
};

type ClientsOptions = {
  readonly count: number;
  readonly timeoutMs: number;
  readonly pauseMs: { readonly low: number; readonly high: number };
  /** Share of writes. */
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
