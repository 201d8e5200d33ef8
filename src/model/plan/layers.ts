import { falseFailoversPerYear } from '../false-failovers.ts';
import { HOURS_PER_YEAR, MS_PER_YEAR } from '../year.ts';
import { type Design, countOf } from './design-space.ts';
import {
  type Alternating,
  type Context,
  type FiguresOf,
  type Layer,
  HOUR_MS,
  alternating,
  inSeries,
  isFailing,
  perHourOf,
  repairHoursOf,
  repairOf,
  sum,
} from './layer.ts';
import { memberFaults, memberLayer } from './member-layer.ts';
import { placeLayer } from './host-zone-layer.ts';
import type { PlanQuestion } from './question.ts';
import { takeoverTimes, timingInput } from './takeover-times.ts';

// A design taken apart into layers that fail independently and in series: the members, the hosts they run on, the
// zones those are in, undetected faults, false failovers, and writes that wait for a synchronous copy. The
// layers with standbys are Markov chains of their own (design-chain.ts). Failures of members and of hosts differ in
// rate and repair by decades, which is why one chain for both would have far more states and hardly another result:
// - While another host is down, its standbys are away: the members' layer is the mean over how many are.
// - A takeover by another host needs a standby there that works: what the members' chain says about hidden failures
//   of standbys lowers the coverage of the hosts' chain.
// - Left out: a takeover in progress when a fault of another layer strikes, which is of the order of the
//   product of their unavailabilities.
// What an automatic repair does not fix, be it a restart or a takeover, waits for an operator: each repair lasts for
// `repair + (1 − restart) × recovery` in the mean, and a takeover that does not succeed is followed by a restart.

/** Of the logarithm of a pause: the longest of a thousand lasts twenty times as long as the median. */
const PAUSE_SIGMA = 1;

/** Layers of a design; the ones that never fail are left out. */
export function layersOf(
  question: PlanQuestion,
  design: Design,
  figuresOf: FiguresOf,
): readonly Layer[] {
  const times = takeoverTimes(question, design);
  const context: Context = { question, design, times, figuresOf };
  const members = memberLayer(context);
  const unready = members === null ? 0 : unreadyShare(members.chains, figuresOf);
  const layers = [
    members,
    ...unseenLayers(context),
    placeLayer(context, 'host', unready),
    placeLayer(context, 'zone', unready),
    mistakeLayer(context),
    replicationLayer(context),
  ];
  return layers.filter((layer) => layer !== null);
}

/** Faults that are undetected until they are over or a user complains. */
function unseenLayers({ question, design, times }: Context): readonly Layer[] {
  const { rates } = question;
  const layers: Alternating[] = [];
  if (times.detection.slow === null || design.standbys.length === 0) {
    layers.push(
      alternating(perHourOf(rates.degraded), { detecting: repairHoursOf(rates.degraded) }),
    );
  }
  if (times.detection.hang === null && design.standbys.length > 0) {
    const hours = rates.recoveryMs / HOUR_MS;
    layers.push(
      alternating(perHourOf(rates.hang), {
        detecting: hours,
        exhausted: repairOf(rates.hang, rates),
      }),
    );
  }
  const failing = layers.filter(isFailing);
  return failing.length === 0 ? [] : [inSeries('unseen', failing)];
}

/** Takeovers from a member that is well but paused for longer than is tolerated. */
function mistakeLayer({ question, design, times }: Context): Layer | null {
  const [first] = design.standbys;
  if (first === undefined) return null;
  const { everyMs, medianMs } = question.rates.pause;
  const input = timingInput(question, design, first.temperature);
  const perYear = everyMs === null ? 0 : MS_PER_YEAR / everyMs;
  const mistakes = falseFailoversPerYear(input, { perYear, medianMs, sigma: PAUSE_SIGMA });
  const hours = times.switch(first.temperature).p50Ms / HOUR_MS;
  const part = alternating(mistakes / HOURS_PER_YEAR, { switching: hours });
  return isFailing(part) ? inSeries('mistake', [part], 'bridged') : null;
}

/** With one synchronous copy, writes wait from its failure until it is taken out. */
function replicationLayer(context: Context): Layer | null {
  const { design, times, question } = context;
  const [first] = design.standbys;
  if (design.replication !== 'sync' || first === undefined || countOf(design.standbys) > 1) {
    return null;
  }
  const detection = times.detection.hang ?? times.detection.crash;
  const perHour =
    sum(memberFaults(context).map((fault) => fault.perHour)) *
    question.rates.standbyFactor[first.temperature];
  const part = alternating(perHour, { detecting: detection.p50Ms / HOUR_MS });
  return isFailing(part) ? inSeries('replication', [part], 'bridged') : null;
}

function unreadyShare(chains: Layer['chains'], figuresOf: FiguresOf): number {
  return sum(chains.map(({ scheme, weight }) => weight * figuresOf(scheme).unreadyShare));
}
