import type { RestartConfig } from './config.ts';
import { backoff } from './exact-pow.ts';
import type { EffectFault } from './reasons.ts';
import type { MemberState, RepairState } from './state.ts';
import type { Instant } from './time.ts';
import { memberOf, updateMember, type StepContext } from './step-context.ts';

// How a failed member returns: fenced, started, rejoined if it replicates, ready, standby. The first attempt follows almost
// at once, because most failures are single crashes; it waits only for the first moments after a takeover, in which a
// starting process would compete with clients for the CPU, unless no member is serving. The delay doubles with each
// further attempt, up to a limit: no busy loop for a member that cannot run. Every `resetAfterMs` of ready time removes
// one failure from the count.

export const NO_REPAIR: RepairState = { attempts: 0, notBefore: 0, fault: null, detail: '' };

/** Clients that waited for the takeover are served first. */
const SETTLE_MS = 200;

/** From this number of attempts the status shows a crash loop. */
export const CRASH_LOOP_ATTEMPTS = 3;

/** urgent: no member is serving, so the first attempt does not wait. */
export function repairDue(member: MemberState, at: Instant, urgent: boolean): boolean {
  return at >= member.repair.notBefore || (urgent && member.repair.attempts <= 1);
}

/** Counts a failure of the member and sets the time of the next attempt. */
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
