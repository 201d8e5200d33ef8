import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServiceConfig } from '../../src/core/config.ts';
import { DEFAULT_FAULT_RATES, type FaultRates } from '../../src/model/fault-rates.ts';
import { falseFailoversPerYear } from '../../src/model/false-failovers.ts';
import { estimateAvailability } from '../../src/sim/availability-run-estimate.ts';
import {
  type AvailabilityRunEvent,
  type AvailabilityRunOptions,
  type AvailabilityRunResult,
  AvailabilityRun,
} from '../../src/sim/availability-run.ts';
import { memberConfig, serviceConfig } from '../core/configs.ts';
import { MS_PER_YEAR } from '../../src/model/year.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** So short that no start outlasts the patience with it. */
const RESTART_MS = 2000;

/** Nothing ever fails. */
const NEVER: FaultRates = {
  ...DEFAULT_FAULT_RATES,
  process: { everyMs: null, repairMs: 3000 },
  hang: { everyMs: null, repairMs: 3000 },
  degraded: { everyMs: null, repairMs: 10 * MINUTE },
  host: { everyMs: null, repairMs: HOUR },
  zone: { everyMs: null, repairMs: HOUR },
  pause: { everyMs: null, medianMs: 50 },
  commonCauseShare: 0,
  coverage: 1,
  restartShare: 1,
  hiddenShare: { hot: 0, warm: 0, frozen: 0, cold: 0 },
};

function live(
  service: ServiceConfig,
  rates: FaultRates,
  options: Partial<AvailabilityRunOptions> = {},
): AvailabilityRunResult {
  return new AvailabilityRun({
    seed: 1,
    service,
    hold: { holdMs: 10_000, holdRequests: 1000, answerMs: 0 },
    probesSeeHangs: true,
    rates,
    years: 1,
    skips: true,
    onNews: () => {},
    ...options,
  }).run();
}

function lives(
  service: ServiceConfig,
  rates: FaultRates,
  options: Partial<AvailabilityRunOptions> = {},
) {
  return Array.from({ length: 20 }, (_, index) =>
    live(service, rates, { ...options, seed: index + 1 }),
  );
}

test('a service that nothing befalls is always served, and nothing is done to it', () => {
  const result = live(serviceConfig(), NEVER, { years: 50 });
  assert.deepEqual(result.outages, []);
  assert.equal(result.failovers + result.planned, 0);
  assert.ok(result.livedMs < HOUR, 'quiet years are passed over');
});

test('a host that is lost takes its service along for as long as it is away', () => {
  const rates = { ...NEVER, host: { everyMs: 30 * DAY, repairMs: HOUR } };
  const { unavailability99, causes } = estimateAvailability(
    lives(serviceConfig(), rates, { years: 20 }),
  );
  // A renewal process: up for 30 days, down for an hour, and a few seconds until the service is up.
  const expected = HOUR / (30 * DAY + HOUR);
  assert.ok(unavailability99.lower < expected * 1.01, String(unavailability99.lower / expected));
  assert.ok(unavailability99.upper > expected * 0.99, String(unavailability99.upper / expected));
  assert.deepEqual(
    causes.map(({ cause }) => cause),
    ['host'],
  );
});

test('a member without a standby is down for as long as its restart takes', () => {
  const service = serviceConfig({ members: [memberConfig('a')] });
  const rates = { ...NEVER, process: { everyMs: DAY, repairMs: RESTART_MS } };
  const { unavailability99, failovers } = estimateAvailability(lives(service, rates));
  const expected = RESTART_MS / (DAY + RESTART_MS);
  assert.ok(unavailability99.lower < expected * 1.1, String(unavailability99.lower / expected));
  assert.ok(unavailability99.upper > expected * 0.95, String(unavailability99.upper / expected));
  assert.ok(failovers.perYear < 366 * 1.1);
});

test('a standby turns the restart of a member into a blink', () => {
  const rates = { ...NEVER, process: { everyMs: DAY, repairMs: RESTART_MS } };
  const { outages, failovers } = estimateAvailability(
    lives(serviceConfig(), rates, { years: 0.25 }),
  );
  assert.ok(outages !== null && outages.p50Ms < 20, String(outages?.p50Ms));
  assert.ok(failovers.interval.lower < 366 && failovers.interval.upper > 330);
});

test('pauses are taken for hangs as often as the formula says', () => {
  const service = serviceConfig();
  const rates = { ...NEVER, pause: { everyMs: 10 * MINUTE, medianMs: 50 } };
  const { falseFailovers, failovers } = estimateAvailability(lives(service, rates, { years: 0.5 }));
  assert.equal(falseFailovers.perYear, failovers.perYear);
  const input = {
    ...service.detection,
    exclusive: false,
    seesHangs: true,
    replays: true,
    standby: 'hot' as const,
    startup: null,
    lease: service.lease,
    degradedAction: service.degraded.action,
  };
  const predicted = falseFailoversPerYear(input, {
    perYear: MS_PER_YEAR / (10 * MINUTE),
    medianMs: 50,
    sigma: 1,
  });
  const ratio = falseFailovers.perYear / predicted;
  assert.ok(ratio > 0.8 && ratio < 1.2, `${falseFailovers.perYear} against ${predicted}`);
});

test('a defect that no probe sees shows when its standby serves, and is put right then', () => {
  const rates = {
    ...NEVER,
    process: { everyMs: DAY, repairMs: RESTART_MS },
    hiddenShare: { hot: 0.5, warm: 0, frozen: 0, cold: 0 },
    recoveryMs: MINUTE,
  };
  const { outages, causes } = estimateAvailability(lives(serviceConfig(), rates, { years: 0.25 }));
  // It costs until clients' errors have been judged, and the next takeover is a blink again.
  assert.ok(outages !== null && outages.p50Ms < 20 && outages.p99Ms > 500, JSON.stringify(outages));
  assert.ok(causes.some(({ cause }) => cause === 'process'));
});

test('a takeover that does not succeed lasts until the failed member is back', () => {
  const rates = { ...NEVER, process: { everyMs: 10 * DAY, repairMs: RESTART_MS }, coverage: 0 };
  const { causes, outages } = estimateAvailability(lives(serviceConfig(), rates, { years: 1 }));
  assert.equal(causes[0]?.cause, 'takeover');
  assert.ok(outages !== null && outages.p50Ms > 200 && outages.p50Ms < 3 * RESTART_MS);
});

/** Faults so frequent that an hour has as many as a year: all of it can be lived through. */
const DENSE: FaultRates = {
  ...NEVER,
  process: { everyMs: 4 * MINUTE, repairMs: RESTART_MS },
  hang: { everyMs: 10 * MINUTE, repairMs: RESTART_MS },
  host: { everyMs: 30 * MINUTE, repairMs: MINUTE },
};

test('time that is passed over would have brought the same', () => {
  const service = serviceConfig();
  const years = HOUR / MS_PER_YEAR;
  const all = (skips: boolean) =>
    Array.from({ length: 4 }, (_, index) =>
      live(service, DENSE, { years, skips, seed: index + 1 }),
    );
  const [skipped, lived] = [all(true), all(false)].map((some) => {
    const estimate = estimateAvailability(some);
    const spentMs = some.reduce((sum, { livedMs }) => sum + livedMs, 0);
    return { ...estimate, spentMs };
  });
  assert.ok(skipped !== undefined && lived !== undefined);
  assert.ok(skipped.spentMs < 0.5 * lived.spentMs, 'it does pass over something');
  const ratio = skipped.unavailability / lived.unavailability;
  assert.ok(ratio > 0.5 && ratio < 2, `${skipped.unavailability} and ${lived.unavailability}`);
  assert.ok(
    skipped.failovers.interval.lower < lived.failovers.interval.upper &&
      lived.failovers.interval.lower < skipped.failovers.interval.upper,
  );
});

test('a failback comes after its hold-down, also when the hold-down is passed over', () => {
  const seen: { readonly atMs: number; readonly kind: string }[] = [];
  const rates = { ...NEVER, process: { everyMs: 60 * DAY, repairMs: 3000 } };
  const service = serviceConfig({
    failback: { mode: 'auto', afterMs: 10 * MINUTE, maxFailovers: 3, windowMs: HOUR },
  });
  live(service, rates, {
    years: 3,
    onNews: (atMs: number, news: AvailabilityRunEvent) => {
      if (news.type === 'incident') seen.push({ atMs, kind: news.incident.kind });
    },
  });
  const waits = seen.flatMap(({ atMs, kind }, index) => {
    const next = seen[index + 1];
    return kind === 'failover' && next?.kind === 'failback' ? [next.atMs - atMs] : [];
  });
  assert.ok(waits.length > 5, `${waits.length} failbacks`);
  for (const wait of waits) assert.ok(wait > 10 * MINUTE && wait < 11 * MINUTE, String(wait));
});

function ordinaryLife(seed: number): AvailabilityRunResult {
  return live(serviceConfig(), DEFAULT_FAULT_RATES, { seed, years: 2 });
}

test('a life is a function of its seed', () => {
  assert.deepEqual(ordinaryLife(7), ordinaryLife(7));
  assert.notDeepEqual(ordinaryLife(7).outages, ordinaryLife(8).outages);
});
