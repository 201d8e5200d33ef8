import type { UpstreamFault } from './upstream.ts';

// What becomes of a request whose connection to a member was lost before any of an answer. The rules are those at
// the top of exchange.ts; here is their order.

/** A connection idle for longer than this may have been closed by the member just before it was used. */
const STALE_AFTER_MS = 100;

export type Loss = {
  readonly fault: UpstreamFault;
  /** The request was written to the connection. */
  readonly sent: boolean;
  /** Time for which a connection used again had been idle; null for a new one. */
  readonly idledMs: number | null;
  /** It may be carried out twice. */
  readonly idempotent: boolean;
  /** All of its body that came so far is still here. */
  readonly whole: boolean;
  readonly attemptsLeft: number;
  /** It was lost to a stale connection before: once is bad luck, twice is a crash. */
  readonly staleBefore: boolean;
};

export type RetryDecision =
  /** Choose a member again: none has seen it. */
  | 'dispatch'
  /** The same member on a new connection: it is alive, as far as one can tell. */
  | 'sameMember'
  /** A member may have seen it; another attempt. */
  | 'replay'
  | 'giveUp';

export function retryDecisionFor(loss: Loss): RetryDecision {
  if (!loss.sent) return 'dispatch';
  // An answer that cannot be understood came from a member that did understand the request.
  if (!loss.idempotent || !loss.whole || loss.fault === 'badAnswer') return 'giveUp';
  if (isStale(loss)) return 'sameMember';
  return loss.attemptsLeft > 0 ? 'replay' : 'giveUp';
}

/** The member closed an idle connection while the request was on its way, which is no sign of its death. */
export function isStale(loss: Loss): boolean {
  if (!loss.sent || loss.staleBefore || loss.idledMs === null) return false;
  return (loss.fault === 'closed' || loss.fault === 'reset') && loss.idledMs >= STALE_AFTER_MS;
}
