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
  readonly #isKept: boolean;

  /** isKept false: for a run that is longer than anybody could check. */
  constructor(isKept: boolean) {
    this.#isKept = isKept;
  }

  begin(operation: Omit<Operation, 'endedAt' | 'outcome'>): Operation {
    const begun: Operation = { ...operation, endedAt: null, outcome: 'open' };
    if (!this.#isKept) return begun;
    if (this.operations.length >= OPERATIONS_LIMIT) throw new RangeError('too many operations');
    this.operations.push(begun);
    return begun;
  }
}
