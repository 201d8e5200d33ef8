// Makes sure that a former active can neither serve nor write any more, by whatever means.

export interface Fence {
  /** Resolves only on proof. Idempotent. Throws DriverError when the signal aborts before there is proof. */
  fence(options: { signal: AbortSignal }): Promise<void>;
}
