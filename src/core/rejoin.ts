import type { RestartConfig } from './config.ts';
import { backoff } from './exact-pow.ts';
import type { EffectFault } from './reasons.ts';
import type { MemberState, RepairState } from './state.ts';
import type { Instant } from './time.ts';
import { memberOf, updateMember, type StepContext } from './step-context.ts';

// How a failed member comes back: fenced, started, rejoined to the active where it replicates, ready,
// standby. The first attempt is made almost at once, as most failures are single crashes: only after the
// takeover's first moments, in which a starting process would take the processor away from clients, unless
// nobody serves. Each further one waits twice as long, up to a limit, so that a member that cannot live is not started in a busy loop. Health
// forgives gradually: every `resetAfterMs` that a member was ready takes one failure off the count.

export const NO_REPAIR: RepairState = { attempts: 0, notBefore: 0, fault: null, detail: '' };

/** Clients that waited for the takeover are served first. */
const SETTLE_MS = 200;

/** From here on status says that the member is in a crash loop. */
export const CRASH_LOOP_ATTEMPTS = 3;

/** While nobody serves, the first attempt does not wait for the dust to settle. */
export function repairDue(member: MemberState, at: Instant, urgent: boolean): boolean {
  return at >= member.repair.notBefore || (urgent && member.repair.attempts <= 1);
}

/** Counts a failure of the member and sets when it may be tried again. */
export function registerFailure(
  context: StepContext,
  name: string,
  fault: EffectFault | null,
  detail: string,
): void {
  const member = memberOf(context, name);
  updateMember(context, name, {
    repair: afterFailure(context.config.restart, member, fault, detail, context.at),
    failedAt: context.at,
    readySince: null,
    rehearsingSince: null,
  });
}

function afterFailure(
  config: RestartConfig,
  member: MemberState,
  fault: EffectFault | null,
  detail: string,
  at: Instant,
): RepairState {
  const readyMs = member.readySince === null ? 0 : at - member.readySince;
  const forgiven = Math.floor(readyMs / config.resetAfterMs);
  const attempts = Math.max(0, member.repair.attempts - forgiven) + 1;
  const pauseMs =
    attempts === 1 ? SETTLE_MS : backoff(attempts - 1, config.backoffMs, config.maxBackoffMs);
  return { attempts, notBefore: at + pauseMs, fault, detail };
}
