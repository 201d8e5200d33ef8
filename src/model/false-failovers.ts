import { CONFIRMING_PROBES, type TimingInput } from './timing.ts';
import { DAYS_PER_YEAR, MS_PER_YEAR } from './year.ts';

// How often a healthy member would be taken for a failed one. A member whose process pauses for longer than
// detection and confirmation last looks exactly like one that hangs: no detector can tell them apart, so the
// figure rests on how members pause, which is assumed here in three profiles. It says nothing of pauses that
// come together with load peaks, and counts none that the agent shares and therefore forgives.
// Silence is judged by a margin that is learnt, somewhere between a floor and the bound. A member that seldom
// pauses brings it down to the floor, which is what is supposed here: the figures err to the safe side for one
// that pauses often, whose margin grows.

/** How often a member's process pauses though it is well, and for how long (log-normal). */
type PauseProfile = {
  readonly name: 'quiet' | 'busy' | 'pausing';
  readonly perYear: number;
  readonly medianMs: number;
  /** Standard deviation of the logarithm. */
  readonly sigma: number;
};

/** Standard deviation of the logarithm of a pause, in each profile. */
export const PAUSE_SIGMA = 1;

/**
 * Assumptions, not measurements: a pause a day; one every ten minutes; and one every ten minutes of the
 * length that the detector's trace "pauses" has (bench/detect.ts: median 250 ms, sigma 1).
 */
const PAUSE_PROFILES: readonly PauseProfile[] = [
  { name: 'quiet', perYear: DAYS_PER_YEAR, medianMs: 50, sigma: PAUSE_SIGMA },
  { name: 'busy', perYear: DAYS_PER_YEAR * 144, medianMs: 50, sigma: PAUSE_SIGMA },
  { name: 'pausing', perYear: DAYS_PER_YEAR * 144, medianMs: 250, sigma: PAUSE_SIGMA },
];

/** The least margin that the detector allows: MARGIN_FLOOR_MS of src/core/heartbeat-timeout.ts. */
export const MARGIN_FLOOR_MS = 50;

export type FalseFailoverPrediction = {
  /** A pause of a healthy member that is not longer never causes a takeover, ms; null: hangs are not seen. */
  readonly toleratedPauseMs: number | null;
  /** False suspicions a year: each costs probes, no takeover. */
  readonly suspicionsPerYear: number;
  /** At most so many false failovers a year of one active member, by how it pauses. */
  readonly failoversPerYear: Readonly<Record<PauseProfile['name'], number>>;
};

/**
 * False failovers a year = pauses a year × P(pause > silence + 2 × timeout − interval/2), where silence is the
 * smaller of the bound and interval + floor: it must outlast the silence, less the mean phase, and both confirming
 * probes. Log-normal tail: erfc(ln(x/median) / (σ√2)) / 2. What is surely tolerated has the worst phase instead.
 * A probe that does not see hangs takes no pause for one, and pauses of the whole host do not count: the agent
 * sees its own and credits them. Suspicions come once per tolerated time between mistakes, by the construction
 * of the record margin, as long as the bound does not cut it.
 */
export function predictFalseFailovers(input: TimingInput): FalseFailoverPrediction {
  const { seesHangs } = input;
  const [quiet, busy, pausing] = PAUSE_PROFILES.map((profile) =>
    falseFailoversPerYear(input, profile),
  );
  return {
    toleratedPauseMs: seesHangs ? longestTolerated(input) : null,
    suspicionsPerYear: MS_PER_YEAR / input.falseSuspicionEveryMs,
    failoversPerYear: { quiet: quiet ?? 0, busy: busy ?? 0, pausing: pausing ?? 0 },
  };
}

/** Of a member that pauses like this. */
export function falseFailoversPerYear(
  input: TimingInput,
  { perYear, medianMs, sigma }: Omit<PauseProfile, 'name'>,
): number {
  if (!input.seesHangs) return 0;
  return perYear * logNormalTail(proofOf(input) - input.intervalMs / 2, medianMs, sigma);
}

/** A pause that is not longer never causes a takeover, whatever its phase, ms. */
export function longestTolerated(
  input: Pick<TimingInput, 'intervalMs' | 'maxSilenceMs' | 'timeoutMs'>,
): number {
  return proofOf(input) - input.intervalMs;
}

/** The longest silence that is tolerated, and the probes after it, ms. */
function proofOf({
  intervalMs,
  maxSilenceMs,
  timeoutMs,
}: Pick<TimingInput, 'intervalMs' | 'maxSilenceMs' | 'timeoutMs'>): number {
  const silenceMs = Math.min(maxSilenceMs, intervalMs + MARGIN_FLOOR_MS);
  return silenceMs + CONFIRMING_PROBES * timeoutMs;
}

/** P(X > x) for a log-normal X. */
export function logNormalTail(x: number, median: number, sigma: number): number {
  return erfc(Math.log(x / median) / (sigma * Math.SQRT2)) / 2;
}

/**
 * Complementary error function, fractional error below 1.2e-7 everywhere (Press et al., Numerical Recipes,
 * 2nd ed., section 6.2, erfcc). Evaluated directly, because 1 − erf loses every digit in the tail.
 */
export function erfc(x: number): number {
  const z = Math.abs(x);
  const t = 1 / (1 + 0.5 * z);
  const polynomial = ERFC_COEFFICIENTS.reduceRight((value, term) => value * t + term, 0);
  const tail = t * Math.exp(-z * z + polynomial);
  return x >= 0 ? tail : 2 - tail;
}

const ERFC_COEFFICIENTS = [
  -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
  -0.82215223, 0.17087277,
];
