import type { FaultRate, FaultRates } from '../fault-rates.ts';
import { falseFailoversPerYear } from '../mistakes.ts';
import { type DownPhase, type SchemeFigures, HOURS_PER_YEAR } from '../scheme-figures.ts';
import type { Scheme, StandbyClass } from '../scheme.ts';
import { type Design, type StandbyGroup, countOf, groupsOf, standbysOf } from './design.ts';
import type { PlanQuestion } from './question.ts';
import { type TakeoverTimes, takeoverTimes, timingInput } from './takeover-times.ts';

// A design taken apart into layers that fail independently and in series: the members, the hosts they run on, the
// zones those are in, faults that nobody sees, takeovers by mistake, and writes that wait for a synchronous copy. The
// layers with standbys are Markov chains of their own (scheme-chain.ts). Failures of members and of hosts differ in
// rate and repair by decades, which is why one chain for both would have far more states and hardly another result:
// - While another host is down, its standbys are away: the members' layer is the mean over how many are.
// - A takeover by another host needs a standby there that works: what the members' chain says about hidden failures
//   of standbys lowers the coverage of the hosts' chain.
// - Left out: a takeover that is under way when a fault of another layer strikes, which is of the order of the
//   product of their unavailabilities.
// What an automatic repair does not mend waits for somebody, be it a restart or a takeover: so each repair lasts for
// `repair + (1 − restart) × recovery` in the mean, and a takeover that does not succeed is followed by a restart.

export type LayerKind = 'member' | 'host' | 'zone' | 'unseen' | 'mistake' | 'replication';

export type Layer = {
  readonly kind: LayerKind;
  readonly unavailability: number;
  /** What it consists of; adds up to it. */
  readonly shares: Readonly<Partial<Record<DownPhase, number>>>;
  readonly outagesPerYear: number;
  /** Outages that a takeover did not end: a restart, a boot or somebody did. */
  readonly unbridgedPerYear: number;
  /** Missing from full service beyond the unavailability, while members warm up. */
  readonly warmingShare: number;
  /** The chain, and with which weight it counts; empty: the layer is in closed form. */
  readonly chains: readonly { readonly scheme: Scheme; readonly weight: number }[];
};

export type FiguresOf = (scheme: Scheme) => SchemeFigures;

const HOUR_MS = 3_600_000;
/** Of the logarithm of a pause: the longest of a thousand lasts twenty times as long as the median. */
const PAUSE_SIGMA = 1;
/** More hosts than these are never down together in what a plan compares. */
const MOST_HOSTS_DOWN = 3;

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

type Context = {
  readonly question: PlanQuestion;
  readonly design: Design;
  readonly times: TakeoverTimes;
  readonly figuresOf: FiguresOf;
};

/** Faults that a takeover answers, or a restart where nobody stands by. */
function memberLayer(context: Context): Layer | null {
  if (context.design.standbys.length === 0) return restarted(context);
  if (memberFaults(context).length === 0) return null;
  const parts = standbysLeft(context).map(({ standbys, weight }) => ({
    scheme: memberScheme(context, standbys),
    weight,
  }));
  return chainLayer('member', parts, context.figuresOf);
}

type Fault = {
  readonly perHour: number;
  readonly detectionHours: number;
  readonly repairHours: number;
};

function memberFaults({ question, times }: Context): readonly Fault[] {
  const { rates } = question;
  const { crash, hang, slow } = times.detection;
  return [
    { rate: rates.process, detection: crash },
    { rate: rates.hang, detection: hang },
    { rate: rates.gray, detection: slow },
  ].flatMap(({ rate, detection }) => {
    const perHour = perHourOf(rate);
    if (detection === null || perHour === 0) return [];
    const repairHours = repairOf(rate, rates);
    return [{ perHour, detectionHours: detection.p50Ms / HOUR_MS, repairHours }];
  });
}

/** Together: rates add, durations are means over the failures. */
function memberScheme(context: Context, standbys: readonly StandbyGroup[]): Scheme {
  const { question, design, times } = context;
  const { rates } = question;
  const faults = memberFaults(context);
  const failuresPerHour = sum(faults.map(({ perHour }) => perHour));
  const mean = (of: (fault: Fault) => number): number =>
    sum(faults.map((fault) => fault.perHour * of(fault))) / failuresPerHour;
  const repairHours = mean((fault) => fault.repairHours);
  const best = standbys[0];
  return {
    failuresPerHour,
    repairHours,
    repairCrews: countOf(standbys) + 1,
    detectionHours: mean((fault) => fault.detectionHours),
    coverage: rates.coverage,
    recoveryHours: repairHours,
    commonCauseShare: rates.commonCauseShare,
    rehearsalHours: design.rehearsedMs === null ? null : design.rehearsedMs / 2 / HOUR_MS,
    failbackHours:
      design.failback === 'auto' && best !== undefined && question.service.state !== 'none'
        ? times.switch('hot').p50Ms / HOUR_MS
        : null,
    standbys: standbys.map((group) => standbyClass(context, group)),
  };
}

function standbyClass(
  { question, times }: Context,
  { temperature, count }: StandbyGroup,
): StandbyClass {
  const { rates, service } = question;
  const warmsUp = temperature === 'cold' && service.warmUpMs > 0;
  return {
    count,
    standbyFactor: rates.standbyFactor[temperature],
    failoverHours: times.switch(temperature).p50Ms / HOUR_MS,
    undetectedShare: rates.hiddenShare[temperature],
    isRehearsed: temperature === 'frozen' || temperature === 'cold',
    warmUp: warmsUp
      ? { hours: service.warmUpMs / HOUR_MS, servingShare: service.warmUpShare }
      : null,
  };
}

/** Standbys by how many of the other hosts are down, with the probability of that. */
function standbysLeft({
  question,
  design,
}: Context): readonly { standbys: readonly StandbyGroup[]; weight: number }[] {
  const others = design.hosts - 1;
  const down = perHourOf(question.rates.host) * repairHoursOf(question.rates.host);
  const q = down / (1 + down);
  const temperatures = standbysOf(design);
  const left = Array.from({ length: Math.min(others, MOST_HOSTS_DOWN) + 1 }, (_value, away) => ({
    standbys: groupsOf(
      temperatures.filter(
        (_temperature, index) => (index + 1) % design.hosts < design.hosts - away,
      ),
    ),
    weight: choose(others, away) * q ** away * (1 - q) ** (others - away),
  }));
  return left.filter(({ weight }) => weight > 0);
}

/** Without a standby a restart is all there is, and whatever only restarts sees no hang: somebody does. */
function restarted({ question }: Context): Layer | null {
  const { rates } = question;
  const crash = alternating(perHourOf(rates.process), {
    exhausted: repairOf(rates.process, rates),
  });
  const hang = alternating(perHourOf(rates.hang), {
    detecting: rates.recoveryMs / HOUR_MS,
    exhausted: repairOf(rates.hang, rates),
  });
  const failing = [crash, hang].filter(isFailing);
  return failing.length === 0 ? null : inSeries('member', failing);
}

/** Faults that nobody sees until they are over or somebody complains. */
function unseenLayers({ question, design, times }: Context): readonly Layer[] {
  const { rates } = question;
  const layers: Alternating[] = [];
  if (times.detection.slow === null || design.standbys.length === 0) {
    layers.push(alternating(perHourOf(rates.gray), { detecting: repairHoursOf(rates.gray) }));
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

/** Hosts, or zones, as members of a group of their own. */
function placeLayer(context: Context, kind: 'host' | 'zone', unready: number): Layer | null {
  const { question, design, times, figuresOf } = context;
  const rate = question.rates[kind];
  const failuresPerHour = perHourOf(rate);
  if (failuresPerHour === 0) return null;
  const places = kind === 'host' ? design.hosts : design.zones;
  const repairHours = repairHoursOf(rate);
  if (places === 1)
    return inSeries(kind, [alternating(failuresPerHour, { exhausted: repairHours })]);
  const { coverage, recoveryMs } = question.rates;
  const scheme: Scheme = {
    failuresPerHour,
    repairHours,
    repairCrews: places,
    detectionHours: times.detection.host.p50Ms / HOUR_MS,
    coverage: coverage * (1 - unready),
    // Whichever is first: somebody, or the place itself.
    recoveryHours: Math.min(recoveryMs / HOUR_MS, repairHours),
    commonCauseShare: 0,
    rehearsalHours: null,
    failbackHours: null,
    standbys: placeGroups(design, places).map((group) => ({
      ...standbyClass(context, group),
      standbyFactor: 1,
      undetectedShare: 0,
    })),
  };
  return chainLayer(kind, [{ scheme, weight: 1 }], figuresOf);
}

/** The hottest member of each other place. */
function placeGroups(design: Design, places: number): readonly StandbyGroup[] {
  const temperatures = standbysOf(design);
  const best = Array.from({ length: places - 1 }, (_value, other) => {
    const place = temperatures.findIndex(
      (_temperature, index) => ((index + 1) % design.hosts) % places === other + 1,
    );
    return temperatures[place] ?? 'cold';
  });
  return groupsOf(best);
}

/** Takeovers from a member that is well but paused for longer than is tolerated. */
function mistakeLayer({ question, design, times }: Context): Layer | null {
  const [first] = design.standbys;
  if (first === undefined) return null;
  const { everyMs, medianMs } = question.rates.pause;
  const input = timingInput(question, design, first.temperature);
  const perYear = everyMs === null ? 0 : (HOURS_PER_YEAR * HOUR_MS) / everyMs;
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

/** Up for 1/λ, then down for the sum of the phases: U = λd / (1 + λd). */
type Alternating = {
  readonly perHour: number;
  readonly hours: Readonly<Partial<Record<DownPhase, number>>>;
  readonly downHours: number;
};

function alternating(perHour: number, hours: Alternating['hours']): Alternating {
  return { perHour, hours, downHours: sum(Object.values(hours)) };
}

function isFailing({ perHour, downHours }: Alternating): boolean {
  return perHour > 0 && downHours > 0;
}

function inSeries(
  kind: LayerKind,
  parts: readonly Alternating[],
  end: 'bridged' | 'unbridged' = 'unbridged',
): Layer {
  const shares: Partial<Record<DownPhase, number>> = {};
  let outagesPerYear = 0;
  for (const { perHour, hours, downHours } of parts) {
    const cycle = 1 / perHour + downHours;
    outagesPerYear += HOURS_PER_YEAR / cycle;
    for (const phase of PHASES) {
      const spent = hours[phase];
      if (spent !== undefined) shares[phase] = (shares[phase] ?? 0) + spent / cycle;
    }
  }
  return {
    kind,
    unavailability: sum(Object.values(shares)),
    shares,
    outagesPerYear,
    unbridgedPerYear: end === 'unbridged' ? outagesPerYear : 0,
    warmingShare: 0,
    chains: [],
  };
}

export const PHASES = ['detecting', 'switching', 'recovering', 'exhausted', 'failback'] as const;

function chainLayer(
  kind: LayerKind,
  chains: readonly { readonly scheme: Scheme; readonly weight: number }[],
  figuresOf: FiguresOf,
): Layer {
  const shares: Partial<Record<DownPhase, number>> = {};
  let [outagesPerYear, unbridgedPerYear, warmingShare] = [0, 0, 0];
  for (const { scheme, weight } of chains) {
    const figures = figuresOf(scheme);
    outagesPerYear += weight * figures.outagesPerYear;
    warmingShare += weight * Math.max(0, figures.shortfall - figures.unavailability);
    for (const phase of PHASES) {
      const share = figures.downtimeMinutesByPhase[phase] / (60 * HOURS_PER_YEAR);
      shares[phase] = (shares[phase] ?? 0) + weight * share;
    }
    unbridgedPerYear += weight * unbridgedOf(scheme, figures);
  }
  const unavailability = sum(Object.values(shares));
  return { kind, unavailability, shares, outagesPerYear, unbridgedPerYear, warmingShare, chains };
}

/** In the long run a phase begins as often as it ends. */
function unbridgedOf(scheme: Scheme, { downtimeMinutesByPhase }: SchemeFigures): number {
  const { repairHours, repairCrews, recoveryHours, standbys } = scheme;
  const members = 1 + sum(standbys.map(({ count }) => count));
  const repairs = Math.min(members, repairCrews) / repairHours;
  const recovered =
    recoveryHours === 0 ? 0 : downtimeMinutesByPhase.recovering / 60 / recoveryHours;
  return recovered + (downtimeMinutesByPhase.exhausted / 60) * repairs;
}

function unreadyShare(chains: Layer['chains'], figuresOf: FiguresOf): number {
  return sum(chains.map(({ scheme, weight }) => weight * figuresOf(scheme).unreadyShare));
}

function perHourOf({ everyMs }: FaultRate): number {
  return everyMs === null ? 0 : HOUR_MS / everyMs;
}

function repairHoursOf({ repairMs }: FaultRate): number {
  return repairMs / HOUR_MS;
}

/** A restart, and somebody where it does not help. */
function repairOf(rate: FaultRate, { restartShare, recoveryMs }: FaultRates): number {
  return repairHoursOf(rate) + ((1 - restartShare) * recoveryMs) / HOUR_MS;
}

function choose(n: number, k: number): number {
  let result = 1;
  for (let i = 1; i <= k; i += 1) result = (result * (n - k + i)) / i;
  return result;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
