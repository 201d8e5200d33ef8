import type { Temperature } from '../core/temperature.ts';

// How often what a service depends on fails, and for how long: the fault model of `hotwarm plan` and of
// `hotwarm simulate`. Plain data in milliseconds, as the configuration has it. Each figure has a default, and each
// default says where it comes from and how far it may be trusted; a default is a place to start from, and what an
// installation measured itself is better.
//
// Members fail by `process`, `hang` and `degraded`; what they run on by `host` and `zone`. All are independent, except
// `commonCauseShare`: that share of the failures of the active member takes all other members along.

export const COMPONENTS = ['process', 'hang', 'degraded', 'host', 'zone'] as const;

export type FaultComponent = (typeof COMPONENTS)[number];

export type FaultRate = {
  /** Mean time between the failures of one of them, while it is in use; null: never. */
  readonly everyMs: number | null;
  /** Mean time until that one is fit for use again. */
  readonly repairMs: number;
};

/** How often a healthy member pauses, and for how long: log-normal, with σ = 1 of the logarithm. */
type PauseRate = {
  /** null: never. */
  readonly everyMs: number | null;
  readonly medianMs: number;
};

export type FaultRates = {
  /** The process of a member ends. Repair: a restart in place, until it answers. */
  readonly process: FaultRate;
  /** It stops answering and keeps its sockets. Repair: killed and restarted. */
  readonly hang: FaultRate;
  /** It answers probes and serves its clients badly. Repair: until it recovers by itself, or is restarted. */
  readonly degraded: FaultRate;
  /** The machine is gone, with all members on it. Repair: until it has booted and its members answer. */
  readonly host: FaultRate;
  /** Power, cooling or network of a place, with all hosts in it. */
  readonly zone: FaultRate;
  /** Collection of garbage, swapping, a busy host. What lasts for longer than is tolerated is taken for a hang. */
  readonly pause: PauseRate;
  /** α: a standby fails so many times as often as an active member. */
  readonly standbyFactor: Readonly<Record<Temperature, number>>;
  /** Share of a standby's failures that no probe sees: a rehearsal or a takeover finds them. */
  readonly hiddenShare: Readonly<Record<Temperature, number>>;
  /** β: share of an active member's failures that take all other members along. */
  readonly commonCauseShare: number;
  /** Probability that a takeover succeeds, given a standby that works. */
  readonly coverage: number;
  /** Probability that a restart in place fixes a member. */
  readonly restartShare: number;
  /** Until an operator has fixed what does not recover by itself. */
  readonly recoveryMs: number;
};

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const DEFAULT_FAULT_RATES: FaultRates = {
  process: { everyMs: 30 * DAY, repairMs: 3 * SECOND },
  hang: { everyMs: 90 * DAY, repairMs: 3 * SECOND },
  degraded: { everyMs: 180 * DAY, repairMs: 10 * MINUTE },
  host: { everyMs: 130 * DAY, repairMs: 30 * MINUTE },
  zone: { everyMs: 1826 * DAY, repairMs: 4 * HOUR },
  pause: { everyMs: DAY, medianMs: 50 },
  standbyFactor: { hot: 1, warm: 0.5, frozen: 0.1, cold: 0 },
  hiddenShare: { hot: 0.1, warm: 0.1, frozen: 0.5, cold: 1 },
  commonCauseShare: 0.05,
  coverage: 0.99,
  restartShare: 0.99,
  recoveryMs: HOUR,
};

/** The single figures of the fault model, by their keys in the configuration. */
export type FaultFigure =
  | `${FaultComponent}.${'every' | 'repair'}`
  | 'pause.every'
  | 'pause.median'
  | `standbyFactor.${Temperature}`
  | `standbyLatent.${Temperature}`
  | 'commonCause'
  | 'failoverSuccess'
  | 'restartSuccess'
  | 'manualRepair';

/** How far a default may be trusted: counts, a price list, a standard's table, the meaning of the word, or a guess. */
export type Basis = 'measured' | 'published' | 'standard' | 'definition' | 'assumed';

export type FigureSource = { readonly basis: Basis; readonly source: string };

const FORD = 'Ford et al., Availability in Globally Distributed Storage Systems, OSDI 2010';
const SCHROEDER =
  'Schroeder and Gibson, A Large-Scale Study of Failures in High-Performance-Computing Systems, DSN 2006';

/** Where each default comes from. */
export const FAULT_RATE_SOURCES: Readonly<Record<FaultFigure, FigureSource>> = {
  'process.every': assumed('one crash a month; no public count covers services in general'),
  'process.repair': assumed('a restart; say how long yours takes'),
  'hang.every': assumed('a hang for every three crashes'),
  'hang.repair': assumed('a restart; say how long yours takes'),
  'degraded.every': assumed(
    'twice a year; Huang et al., Gray Failure, HotOS 2017, tell of such failures but do not count them',
  ),
  'degraded.repair': assumed('until an overload, a full disk or a slow neighbor is over'),
  'host.every': { basis: 'measured', source: `a node fails every 4.3 months: ${FORD}` },
  'host.repair': assumed(
    `nine tenths are over within 15 minutes, others last for hours; the mean is not published: ${FORD}`,
  ),
  'zone.every': assumed('one such event in five years, of which providers publish reports'),
  'zone.repair': assumed('the published ones lasted for hours'),
  'pause.every': assumed('a quiet service; hotwarm check tells what other habits would do'),
  'pause.median': assumed('a quiet service; hotwarm check tells what other habits would do'),
  'standbyFactor.hot': { basis: 'definition', source: 'a hot standby ages like an active member' },
  'standbyFactor.warm': assumed('it runs, without clients'),
  'standbyFactor.frozen': assumed('it does not run, but its memory can be taken from it'),
  'standbyFactor.cold': { basis: 'definition', source: 'a cold standby does not age' },
  'standbyLatent.hot': {
    basis: 'standard',
    source: 'medium diagnostic coverage, 90%: IEC 61508-2, annex A',
  },
  'standbyLatent.warm': {
    basis: 'standard',
    source: 'medium diagnostic coverage, 90%: IEC 61508-2, annex A',
  },
  'standbyLatent.frozen': assumed('the kernel reports its exit; other faults are not detected'),
  'standbyLatent.cold': { basis: 'definition', source: 'nothing runs that could be probed' },
  commonCause: {
    basis: 'standard',
    source: 'within the range of the β-factors of IEC 61508-6, annex D',
  },
  failoverSuccess: assumed(
    'one takeover of a hundred needs an operator; rehearse, and measure yours',
  ),
  restartSuccess: {
    basis: 'measured',
    source:
      'of 132 software failures one came back after the restart: Gray, Why Do Computers Stop, Tandem TR 85.7, 1985',
  },
  manualRepair: assumed(
    `the low end of what was measured: by system, repairs last from under an hour to over a day in the mean: ${SCHROEDER}`,
  ),
};

function assumed(source: string): FigureSource {
  return { basis: 'assumed', source };
}
