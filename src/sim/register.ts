import { toPosition, type PositionReport } from '../core/position.ts';

// What the members of a replicated service hold: each a copy of one register, as the log of the writes it has applied.
// The primary appends and sends to its standbys; with synchronous replication a write is acknowledged, and seen
// by readers, once every other member has it, so nothing acknowledged is lost with the primary. A copy whose log is not
// the beginning of the primary's has diverged and follows only after a rejoin, which makes it a copy of the primary's.
// A log survives the process.

export type WriteId = number;

export const BYTES_PER_WRITE = 100;

export class Copy {
  readonly member: string;
  role: 'primary' | 'standby' = 'standby';
  /** Of the promotion by which the history that it follows began. */
  epoch = 0;
  log: WriteId[] = [];
  /** How much of the log readers may see: all that is acknowledged. */
  visible = 0;
  /** Primary: how much each standby is known to have. */
  readonly confirmed = new Map<string, number>();

  constructor(member: string) {
    this.member = member;
  }

  /** The newest write that readers may see; 0: none. */
  get value(): WriteId {
    return this.visible === 0 ? 0 : (this.log[this.visible - 1] ?? 0);
  }
}

/** Copies on the timeline of one promotion agree as far as both go. */
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

/** Throws away its own history for the primary's, as a base backup does. */
export function rejoin(copy: Copy, primary: Copy): void {
  copy.role = 'standby';
  copy.epoch = primary.epoch;
  copy.log = [...primary.log];
  copy.visible = copy.log.length;
  copy.confirmed.clear();
}
