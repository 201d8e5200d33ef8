import { assert } from './assert.ts';
import type { ConfirmOutcome, DetectorState } from './detect.ts';
import {
  addEvidence,
  clearDoubt,
  condemn,
  CONFIRMING_PROBES,
  excuse,
  type Situation,
} from './suspicion.ts';
import { creditSince, patience, unfitness } from './local-health.ts';
import { noteNegativeAnswer } from './outlier-detection.ts';
import type { Channel, Evidence, ProbeFault } from './reasons.ts';
import type { Instant } from './time.ts';

// How a suspicion ends: a probe on another channel clears the member or confirms the failure. A failure is confirmed by
// two failed probes, or by one refused connection after another one, or by the deadline of two timeouts. A timeout can be
// the observer's own fault: a slow observer needs more of them, and a degraded one accepts none. A refused connection is
// a response of the other side and always counts.

export function confirmationSucceeded(
  state: DetectorState,
  channel: Channel,
  situation: Situation,
): DetectorState {
  const denied = state.evidence.some((item) => item.channel !== channel && isNegative(item));
  const quality = denied ? noteNegativeAnswer(state.quality, situation.at) : state.quality;
  const silence = { ...state.silence, lastBeatAt: situation.at, hastened: false };
  return clearDoubt({ ...state, silence, quality }, situation);
}

export function confirmationFailed(
  state: DetectorState,
  outcome: ConfirmOutcome & { readonly ok: false },
  situation: Situation,
): DetectorState {
  if (state.confirm === null) return state;
  const { at, observer } = situation;
  const { channel, fault, detail } = outcome;
  const failures = state.confirm.failures + 1;
  const refusedAgain = isRefusal(fault) && state.evidence.some(isRefused);
  const seen = addEvidence(state, { at, channel, fact: { code: 'probeFailed', fault, detail } });
  const enough = fault === 'timeout' ? CONFIRMING_PROBES * patience(observer) : CONFIRMING_PROBES;
  if (!refusedAgain && failures < enough) {
    const wanted = at < state.confirm.deadline;
    return { ...seen, confirm: { ...state.confirm, sentAt: null, failures, wanted } };
  }
  const unfit = fault === 'timeout' ? unfitness(observer, at) : null;
  return unfit === null ? condemn(seen, 'confirmedDead', at) : excuse(seen, unfit, situation);
}

/** The deadline of the confirmation is due. */
export function judgeConfirmation(state: DetectorState, situation: Situation): DetectorState {
  assert(state.confirm !== null, 'a suspicion is being confirmed');
  const { at, observer } = situation;
  const unfit = unfitness(observer, at);
  if (unfit !== null) return excuse(state, unfit, situation);
  const deadline = deadlineOf(state, situation);
  if (at >= deadline) return condemn(state, 'confirmedDead', at);
  const confirm = { ...state.confirm, deadline, wanted: state.confirm.sentAt === null };
  return { ...state, nextAt: deadline, confirm };
}

/** Extended by the observer's current timeout factor and by its own pauses. */
function deadlineOf(state: DetectorState, { config, observer }: Situation): Instant {
  const patienceMs = CONFIRMING_PROBES * config.timeoutMs * patience(observer);
  return state.since + patienceMs + creditSince(observer, state.since);
}

function isRefusal(fault: ProbeFault): boolean {
  return fault === 'refused' || fault === 'reset';
}

function isRefused({ fact }: Evidence): boolean {
  return (fact.code === 'probeFailed' || fact.code === 'requestFailed') && isRefusal(fact.fault);
}

/** The member responded, with an error. */
function isNegative({ fact }: Evidence): boolean {
  if (fact.code !== 'probeFailed') return false;
  return fact.fault === 'badStatus' || fact.fault === 'badAnswer' || fact.fault === 'commandFailed';
}
