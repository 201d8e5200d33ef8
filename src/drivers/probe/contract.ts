import type { ProbeAnswer } from '../../core/event.ts';
import type { Channel } from '../../core/reasons.ts';

// One look at a member. A probe never throws for what the member does: that is its answer.

export interface Probe {
  readonly channel: Channel;
  /**
   * fresh: on a connection of its own; otherwise a kept connection may be used. Ends by the timeout
   * with fault `timeout` at the latest.
   */
  check(options: { timeoutMs: number; fresh: boolean }): Promise<ProbeAnswer>;
  close(): Promise<void>;
}
