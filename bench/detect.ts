import { parseArgs } from 'node:util';

import type { DetectionConfig } from '../src/core/config.ts';
import { killChildren } from './traces/live.ts';
import {
  asymmetricPath,
  burstsPath,
  heavyTailPath,
  lanPath,
  pausesPath,
  regimePath,
  reorderPath,
  wanPath,
  type Path,
} from './traces/paths.ts';
import { replay, type Figures } from './traces/replay.ts';
import {
  clockStepTrace,
  replayObserver,
  stallsTrace,
  stealTrace,
  stopsTrace,
  suspendTrace,
  type ObserverFigures,
  type ObserverTrace,
} from './traces/stalls.ts';

// How good the failure detector is, with one configuration on all traces. For each statistical trace:
// suspicions per hour against the tolerated one, and the median time from a crash to suspicion against
// the best fixed time-out that could have been chosen in hindsight for the same number of mistakes. That
// reference may not be set below an interval plus the floor of 50 ms either: it runs on the same host.
//
// A verdict `failed` without a real fault is false. A pause of the member beyond the user's bound, on
// every channel, is what the user calls an outage; verdicts after those are counted apart.
// The observer's own faults are replayed twice: guarded, and by a naive detector that takes a due deadline
// for a verdict, as a control that the trace would have caught it.
// The generators draw from fixed seeds, so all figures but those of the live part repeat exactly.

const CONFIG: DetectionConfig = {
  intervalMs: 100,
  timeoutMs: 1000,
  maxSilenceMs: 2000,
  falseSuspicionEveryMs: 3_600_000,
};
/** For the observer's own faults: time-outs that a stall of a second exceeds several times. */
const TIGHT_CONFIG: DetectionConfig = {
  intervalMs: 50,
  timeoutMs: 300,
  maxSilenceMs: 300,
  falseSuspicionEveryMs: 3_600_000,
};
const FLOOR_MS = 50;
/** The margin's whole memory, so that no mistake is missed or made for lack of history. */
const WARM_UP_MS = 4 * CONFIG.falseSuspicionEveryMs + 300_000;
const TARGET_PER_HOUR = 3_600_000 / CONFIG.falseSuspicionEveryMs;
const MISTAKES_BAR = 1.4;
const DETECTION_BAR = 1.15;
const PAUSES_BAR = 1.35;
const PROOF_BAR_MS = 50;
const CHILDREN = 200;

type Bar = {
  readonly name: string;
  readonly value: number;
  readonly limit: number;
  readonly pass: boolean;
};

type PathRow = {
  readonly trace: string;
  readonly hours: number;
  readonly suspicionsPerHour: number;
  readonly detectionP50Ms: number;
  readonly detectionP99Ms: number;
  readonly detectionMaxMs: number;
  readonly fixedMs: number;
  readonly ratio: number;
  readonly falseFailed: number;
  readonly outages: number;
  readonly eventUs: number;
};

function percentile(values: Float64Array, share: number): number {
  const sorted = values.toSorted();
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** Median detection time of the fixed time-out that makes as many mistakes, chosen in hindsight. */
function hindsightMs(figures: Figures): number {
  const gaps = figures.gapsMs.toSorted();
  const tightest = gaps[Math.max(0, gaps.length - 1 - figures.suspicions)] ?? Number.NaN;
  const timeoutMs = Math.max(tightest, CONFIG.intervalMs + FLOOR_MS);
  return percentile(figures.delaysMs, 0.5) + timeoutMs - CONFIG.intervalMs / 2;
}

function measurePath(path: Path, hours: number): PathRow {
  const startedAt = performance.now();
  const figures = replay(CONFIG, path, { warmUpMs: WARM_UP_MS, durationMs: hours * 3_600_000 });
  const tookMs = performance.now() - startedAt;
  const detectionP50Ms = percentile(figures.detectionMs, 0.5);
  const fixedMs = hindsightMs(figures);
  return {
    trace: path.name,
    hours,
    suspicionsPerHour: figures.suspicions / hours,
    detectionP50Ms,
    detectionP99Ms: percentile(figures.detectionMs, 0.99),
    detectionMaxMs: percentile(figures.detectionMs, 1),
    fixedMs,
    ratio: detectionP50Ms / fixedMs,
    falseFailed: figures.falseFailed,
    outages: figures.outages,
    eventUs: (tookMs * 1000) / (figures.beats * (1 + WARM_UP_MS / (hours * 3_600_000))),
  };
}

function judgePath(row: PathRow): readonly Bar[] {
  const limit = row.trace === 'pauses' ? PAUSES_BAR : DETECTION_BAR;
  return [
    atMost(`${row.trace}: suspicions/h`, row.suspicionsPerHour, MISTAKES_BAR * TARGET_PER_HOUR),
    atMost(`${row.trace}: median detection / hindsight fixed`, row.ratio, limit),
    atMost(`${row.trace}: false failed`, row.falseFailed, 0),
  ];
}

function atMost(name: string, value: number, limit: number): Bar {
  return { name, value, limit, pass: value <= limit };
}

/** The stalls must be able to fool a detector, or surviving them proves nothing. */
function control(row: ObserverRow | undefined, stalls: number): Bar {
  const value = stalls - (row?.unguarded ?? 0);
  return {
    name: 'observer stalls that do not fool a naive detector',
    value,
    limit: 0,
    pass: value <= 0,
  };
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function table(rows: readonly object[]): void {
  if (rows[0] === undefined) return;
  const head = Object.keys(rows[0]);
  const cells = rows.map((row) => Object.values(row).map(format));
  const widths = head.map((name, i) =>
    Math.max(name.length, ...cells.map((c) => c[i]?.length ?? 0)),
  );
  const line = (values: readonly string[]): string =>
    values
      .map((v, i) => (i === 0 ? v.padEnd(widths[i] ?? 0) : v.padStart(widths[i] ?? 0)))
      .join('  ');
  print(line(head));
  for (const row of cells) print(line(row));
}

function format(value: unknown): string {
  if (typeof value !== 'number') return String(value);
  return Number.isInteger(value) ? String(value) : value.toFixed(value < 10 ? 2 : 0);
}

type ObserverRow = ObserverFigures & { readonly trace: string; readonly unguarded: number };

function measureObserver(trace: ObserverTrace): ObserverRow {
  const { suspicions: unguarded } = replayObserver(TIGHT_CONFIG, trace, { guarded: false });
  return {
    trace: trace.name,
    ...replayObserver(TIGHT_CONFIG, trace, { guarded: true }),
    unguarded,
  };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      hours: { type: 'string', default: '33' },
      json: { type: 'boolean', default: false },
    },
  });
  const hours = Number(values.hours);
  // Fewer hours say too little of something that happens once an hour.
  if (!(hours >= 11 && hours <= 10_000)) throw new RangeError('--hours must be 11 to 10000');

  const statistical = [lanPath, wanPath, heavyTailPath, pausesPath, burstsPath, regimePath];
  const rows = statistical.map((make, i) => measurePath(make(i + 1), hours));
  const odd = [reorderPath(7), asymmetricPath(8)].map((path) => measurePath(path, 2));
  const observers = [
    stallsTrace(),
    stopsTrace(),
    suspendTrace(),
    clockStepTrace(),
    stealTrace(9),
  ].map(measureObserver);
  const proof = await killChildren(CONFIG, CHILDREN);
  const proofRow = {
    trace: 'SIGKILL of a child',
    children: CHILDREN,
    p50Ms: percentile(proof, 0.5),
    p99Ms: percentile(proof, 0.99),
    maxMs: percentile(proof, 1),
  };

  const bars: readonly Bar[] = [
    ...rows.flatMap(judgePath),
    ...odd.map((row) => atMost(`${row.trace}: false failed`, row.falseFailed, 0)),
    ...observers.flatMap((row) => [
      atMost(`${row.trace}: suspicions`, row.suspicions, 0),
      atMost(`${row.trace}: false failed`, row.falseFailed, 0),
    ]),
    control(observers[0], 60),
    atMost('proof path: p99 ms', proofRow.p99Ms, PROOF_BAR_MS),
  ];
  if (values.json) {
    print(
      JSON.stringify({
        config: CONFIG,
        paths: [...rows, ...odd],
        observers,
        proof: proofRow,
        bars,
      }),
    );
  } else {
    print(
      `interval ${CONFIG.intervalMs} ms, time-out ${CONFIG.timeoutMs} ms, bound (cap) ${CONFIG.maxSilenceMs} ms, one mistake per ${CONFIG.falseSuspicionEveryMs / 3_600_000} h\n`,
    );
    table([...rows, ...odd]);
    print('');
    table(observers);
    print('');
    table([proofRow]);
    print('');
    for (const bar of bars) {
      print(
        `${bar.pass ? 'PASS' : 'FAIL'}  ${bar.name}: ${format(bar.value)} (at most ${format(bar.limit)})`,
      );
    }
  }
  process.exitCode = bars.every((bar) => bar.pass) ? 0 : 1;
}

await main();
