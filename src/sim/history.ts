import type { TrueTime } from './scheduler.ts';

// What clients asked for and what they were told, in true time: the material of the checkers.

export type Operation = {
  readonly client: number;
  readonly service: string;
  readonly type: 'read' | 'write';
  /** write: what was written. read: what was read, once it has ended. */
  value: number;
  readonly calledAt: TrueTime;
  /** null: still open. */
  endedAt: TrueTime | null;
  /** fail: it certainly did not happen. unknown: it may have happened, or may happen yet. */
  outcome: 'open' | 'ok' | 'fail' | 'unknown';
};

/** More would cost memory, not find more. */
const OPERATIONS_LIMIT = 200_000;

export class History {
  readonly operations: Operation[] = [];

  begin(operation: Omit<Operation, 'endedAt' | 'outcome'>): Operation {
    if (this.operations.length >= OPERATIONS_LIMIT) throw new RangeError('too many operations');
    const begun: Operation = { ...operation, endedAt: null, outcome: 'open' };
    this.operations.push(begun);
    return begun;
  }
}
