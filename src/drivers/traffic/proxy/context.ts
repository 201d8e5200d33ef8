import type { ClientLimits, HoldLimits, MemberTransport } from '../contract.ts';
import type { WriteBatch } from './write-batch.ts';
import type { FailureReport } from './failure-report.ts';
import type { HoldQueue } from './hold-queue.ts';
import type { Member } from './member.ts';
import type { Router } from './router.ts';

/** Counted since the data plane started; see TrafficStats. */
export type Counters = {
  requests: number;
  failed: number;
  replayed: number;
  hedged: number;
  heldTotal: number;
  refused: number;
  rejected: number;
  connections: number;
  bytesIn: number;
  bytesOut: number;
};

/** What every request of one data plane shares. */
export type Context = {
  readonly limits: HoldLimits;
  readonly clients: ClientLimits;
  readonly transport: MemberTransport;
  readonly router: Router;
  readonly hold: HoldQueue;
  readonly members: ReadonlyMap<string, Member>;
  readonly counters: Counters;
  readonly failures: FailureReport;
  readonly writeBatch: WriteBatch;
  /** Something waits: the watch must run. */
  readonly wake: () => void;
};

export function noCounts(): Counters {
  return {
    requests: 0,
    failed: 0,
    replayed: 0,
    hedged: 0,
    heldTotal: 0,
    refused: 0,
    rejected: 0,
    connections: 0,
    bytesIn: 0,
    bytesOut: 0,
  };
}
