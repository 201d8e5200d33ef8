/** A broken invariant: a bug in hotwarm. The process stops and its lease expires, which is safe. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** Checked in production too. The message states the invariant positively. */
export function assert(condition: boolean, invariant: string): asserts condition {
  if (!condition) throw new InvariantError(`invariant broken: ${invariant}`);
}

/** Default of a switch over a union: does not compile while a case is missing. */
export function unreachable(value: never): never {
  throw new InvariantError(`invariant broken: no case for ${JSON.stringify(value)}`);
}
