import type { Reliability } from './reliability.ts';

/**
 * Static 1+1 with imperfect switching: R = P_A + (1 − P_A) · P_FT · P_B.
 * Either A works for the whole mission, or it fails, and then the failover must succeed and B must work.
 * Computed as 1 − R = q_A · (q_FT + P_FT · q_B), which has no subtraction.
 * Source: total probability over the state of A; Trivedi, Probability and Statistics with Reliability, Queuing
 * and Computer Science Applications, 2nd ed. 2002, section 1.11 on Bernoulli trials and standby.
 * Units: probabilities over one mission. Assumes that A, B and the failover fail independently of each other, and
 * that `standby` is the probability that B serves the rest of the mission.
 */
export function pairReliability(pair: {
  readonly active: Reliability;
  readonly standby: Reliability;
  readonly failover: Reliability;
}): Reliability {
  const { active, standby, failover } = pair;
  const takenOver = failover.reliability * standby.reliability;
  const lost = failover.unreliability + failover.reliability * standby.unreliability;
  return {
    reliability: active.reliability + active.unreliability * takenOver,
    unreliability: active.unreliability * lost,
  };
}
