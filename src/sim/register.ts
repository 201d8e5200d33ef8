import { toPosition, type PositionReport } from '../core/position.ts';

// The data of a replicated service: each member has a copy of one register, as the log of its writes. The primary appends
// and sends to its standbys. With synchronous replication a write is acknowledged and visible when every other member has
// it, so no acknowledged write is lost with the primary. A copy whose log is not a prefix of the primary's has diverged and
// can follow only after a rejoin, which copies the primary's log. A log survives the process.

export type WriteId = number;

export const BYTES_PER_WRITE = 100;

export class Copy {
  readonly member: string;
  role: 'primary' | 'standby' = 'standby';
  /** Epoch of the promotion that began its history. */
  epoch = 0;
  log: WriteId[] = [];
  /** Length of the visible log: all acknowledged writes. */
  visible = 0;
  /** Primary: confirmed log length of each standby. */
  readonly confirmed = new Map<string, number>();

  constructor(member: string) {
    this.member = member;
  }

  /** The newest visible write; 0: none. */
  get value(): WriteId {
    return this.visible === 0 ? 0 : (this.log[this.visible - 1] ?? 0);
  }
}

/** Copies on the timeline of one promotion have a common prefix. */
export function positionOf({ epoch, log }: Copy): Omit<PositionReport, 'asOf'> {
  const position = toPosition(BigInt(log.length * BYTES_PER_WRITE));
  return { history: 'shop', timeline: epoch, position };
}

export function promote(copy: Copy, epoch: number): void {
  copy.epoch = Math.max(copy.epoch, epoch);
  if (copy.role === 'primary') return;
  copy.role = 'primary';
  copy.visible = copy.log.length;
  copy.confirmed.clear();
}

export function demote(copy: Copy): void {
  copy.role = 'standby';
  copy.confirmed.clear();
}

/** Replaces its history by the primary's, like a base backup. */
export function rejoin(copy: Copy, primary: Copy): void {
  copy.role = 'standby';
  copy.epoch = primary.epoch;
  copy.log = [...primary.log];
  copy.visible = copy.log.length;
  copy.confirmed.clear();
}
