import { type Bill, type Resources, memberResources, resourceBill } from '../resources.ts';
import { type DownPhase, type DesignFigures, designFigures } from '../design-figures.ts';
import { MINUTES_PER_YEAR } from '../year.ts';
import type { RedundancyDesign } from '../design.ts';
import { type Design, standbysOf } from './design-space.ts';
import { type FiguresOf, type Layer, type LayerKind, PHASES } from './layer.ts';
import { layersOf } from './layers.ts';
import { type PlanQuestion, requireQuestion } from './question.ts';
import { takeoverTimes } from './takeover-times.ts';

/** A part of the downtime: what failed, and what the service waited for. */
type Contribution = {
  readonly layer: LayerKind;
  readonly phase: DownPhase;
  readonly minutesPerYear: number;
};

/** The 99th percentile of the time until a member serves again; null: no takeover answers this fault. */
type RecoveryTimes = {
  readonly crashMs: number;
  readonly hangMs: number | null;
  readonly hostMs: number | null;
  readonly zoneMs: number | null;
};

/** What a design comes to. */
export type Evaluation = {
  readonly design: Design;
  readonly unavailability: number;
  readonly downtimeMinutesPerYear: number;
  /** Largest first. */
  readonly contributions: readonly Contribution[];
  readonly outagesPerYear: number;
  readonly unbridgedPerYear: number;
  readonly recovery: RecoveryTimes;
  /** Acknowledged data that a takeover may lose; null: there is no copy to lose it from. */
  readonly lossBytes: number | null;
  /** 1 − share of full service: the downtime, and what is missing while members warm up. */
  readonly shortfall: number;
  readonly bill: Bill;
  readonly layers: readonly Layer[];
};

/** Evaluates designs of one question; chains that several designs share are solved once. */
export function evaluator(question: PlanQuestion): (design: Design) => Evaluation {
  requireQuestion(question);
  const known = new Map<string, DesignFigures>();
  const figuresOf: FiguresOf = (scheme) => {
    const key = keyOf(scheme);
    const before = known.get(key);
    if (before !== undefined) return before;
    const figures = designFigures(scheme);
    known.set(key, figures);
    return figures;
  };
  return (design) => evaluate(question, design, figuresOf);
}

function keyOf(scheme: RedundancyDesign): string {
  return JSON.stringify(scheme);
}

function evaluate(question: PlanQuestion, design: Design, figuresOf: FiguresOf): Evaluation {
  const layers = layersOf(question, design, figuresOf);
  const unavailability = inSeries(layers.map((layer) => layer.unavailability));
  const total = sum(layers.map((layer) => layer.unavailability));
  // Layers that are down together are counted once, in proportion.
  const minutes = total === 0 ? 0 : (unavailability / total) * MINUTES_PER_YEAR;
  const contributions = layers
    .flatMap(({ kind, shares }) =>
      PHASES.map((phase) => ({
        layer: kind,
        phase,
        minutesPerYear: (shares[phase] ?? 0) * minutes,
      })),
    )
    .filter(({ minutesPerYear }) => minutesPerYear > 0)
    .toSorted((a, b) => b.minutesPerYear - a.minutesPerYear);
  return {
    design,
    unavailability,
    downtimeMinutesPerYear: unavailability * MINUTES_PER_YEAR,
    contributions,
    outagesPerYear: sum(layers.map(({ outagesPerYear }) => outagesPerYear)),
    unbridgedPerYear: sum(layers.map(({ unbridgedPerYear }) => unbridgedPerYear)),
    recovery: recoveryTimes(question, design),
    lossBytes: lossOf(question, design),
    shortfall: unavailability + sum(layers.map(({ warmingShare }) => warmingShare)),
    bill: billOf(question, design),
    layers,
  };
}

/** 1 − Π (1 − U), without a difference. */
function inSeries(unavailabilities: readonly number[]): number {
  return -Math.expm1(sum(unavailabilities.map((share) => Math.log1p(-share))));
}

function recoveryTimes(question: PlanQuestion, design: Design): RecoveryTimes {
  const { rates } = question;
  const times = takeoverTimes(question, design);
  const first = standbysOf(design)[0];
  if (first === undefined) {
    const { host, zone } = rates;
    return {
      crashMs: rates.process.repairMs,
      hangMs: null,
      hostMs: host.everyMs === null ? null : host.repairMs,
      zoneMs: zone.everyMs === null ? null : zone.repairMs,
    };
  }
  const takeoverMs = times.switch(first).p99Ms;
  const { crash, hang, host } = times.detection;
  const placeMs = (kind: 'host' | 'zone', places: number): number | null => {
    if (rates[kind].everyMs === null) return null;
    return places > 1 ? host.p99Ms + takeoverMs : rates[kind].repairMs;
  };
  return {
    crashMs: crash.p99Ms + takeoverMs,
    hangMs: hang === null ? null : hang.p99Ms + takeoverMs,
    hostMs: placeMs('host', design.hosts),
    zoneMs: placeMs('zone', design.zones),
  };
}

function lossOf({ service }: PlanQuestion, { replication }: Design): number | null {
  if (service.state === 'none') return null;
  return replication === 'async' ? service.lagBytes : 0;
}

/** What members keep and use, and what another host must keep besides to carry the service, be its standby cold. */
function billOf({ service, prices, power }: PlanQuestion, design: Design): Bill {
  const { need, warmShare } = service;
  const members = (['active', ...standbysOf(design)] as const).map((role) =>
    memberResources(need, role, warmShare),
  );
  const spare = Array.from({ length: design.hosts - 1 }, (_value, other): Resources => {
    const there = members.filter((_member, index) => index % design.hosts === other + 1);
    const cores = need.cores - sum(there.map(({ coresKept }) => coresKept));
    const memoryGib = need.memoryGib - sum(there.map((member) => member.memoryGib));
    return { coresKept: Math.max(0, cores), coresUsed: 0, memoryGib: Math.max(0, memoryGib) };
  });
  return resourceBill([...members, ...spare], design.hosts, prices, power);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
