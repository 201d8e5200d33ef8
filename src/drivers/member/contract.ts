import type { PositionReport } from '../../core/position.ts';
import type { Instant } from '../../core/time.ts';

// One member of a service on this host. A driver acts and reports; it decides nothing. Every call is
// given a deadline by its caller and must stop waiting when `signal` aborts. Failures are DriverError.

export type Started = {
  readonly pid: number;
  /** Start time of the process in clock ticks since boot (/proc/PID/stat field 22): with the pid, an identity. */
  readonly startTicks: number;
};

/** A member that an earlier agent started and that still runs. */
export type Adopted = Started & { readonly frozen: boolean };

/** Neither code nor signal: the process is gone, and it was not ours to wait for. */
export type Exit = {
  readonly pid: number;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly at: Instant;
};

/** Its main process executes nothing any more, but has not ended yet. */
export type Collapse = { readonly pid: number; readonly at: Instant };

/** Of its copy, at the moment at which it answered. */
type MemberPosition = Omit<PositionReport, 'asOf'>;

export interface MemberDriver {
  /** Starts the member's process; resolves when it exists, not when it is ready. */
  start(options: { capacity: 'full' | 'reduced'; signal: AbortSignal }): Promise<Started>;
  /** Takes over what an earlier agent left running, on proof that it is this member, started as this one would be. null: there is nothing to take over. */
  adopt(): Adopted | null;
  /** Ends what an earlier agent left running and this one did not adopt; start() does so first. Resolves on proof. */
  clear(options: { signal: AbortSignal }): Promise<void>;
  /** Asks it to end (SIGTERM), then after the grace kills everything that is left. Resolves when nothing is. */
  stop(options: { graceMs: number; signal: AbortSignal }): Promise<void>;
  /** SIGKILL to the whole process group and cgroup. Resolves only on proof that nothing is left. Idempotent. */
  kill(options: { signal: AbortSignal }): Promise<void>;
  freeze(options: { signal: AbortSignal }): Promise<void>;
  thaw(options: { signal: AbortSignal }): Promise<void>;
  setCapacity(capacity: 'full' | 'reduced', options: { signal: AbortSignal }): Promise<void>;
  /** Whether the collapse of whatever it runs is looked for and told, ahead of the exit; at first it is not. */
  lookForCollapse(on: boolean): void;
  /** Present only where the kind of member has roles of its own. */
  promote?(options: { epoch: number; signal: AbortSignal }): Promise<void>;
  demote?(options: { signal: AbortSignal }): Promise<void>;
  rejoin?(options: { active: string; signal: AbortSignal }): Promise<void>;
  /** How far its copy has come; null: it cannot tell, as while it starts. */
  position?(options: { signal: AbortSignal }): Promise<MemberPosition | null>;
  /** Connections of clients that it has accepted from sockets that all members share. */
  clients(): number;
  /** Frees everything it holds. Kills nothing. */
  close(): Promise<void>;
}
