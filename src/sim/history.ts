import type { TrueTime } from './scheduler.ts';

// Requests and responses of clients, in true time: the input of the checkers.

export type Operation = {
  readonly client: number;
  readonly service: string;
  readonly type: 'read' | 'write';
  /** write: the written value. read: the value read, after its end. */
  value: number;
  readonly calledAt: TrueTime;
  /** null: still open. */
  endedAt: TrueTime | null;
  /** fail: certainly not executed. unknown: may have been executed, or may still be. */
  outcome: 'open' | 'ok' | 'fail' | 'unknown';
};

/** More would only cost memory. */
const OPERATIONS_LIMIT = 200_000;

export class History {
  readonly operations: Operation[] = [];
  readonly #isKept: boolean;

  /** isKept false: for runs that are too long to check. */
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
