import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Parameter } from '../../src/model/design-branch.ts';
import {
  downtimeElasticities,
  intervalUnavailability,
  designFigures,
  designMttfHours,
  designReliability,
} from '../../src/model/design-figures.ts';
import type { RedundancyDesign } from '../../src/model/design.ts';

const SCHEME: RedundancyDesign = {
  failuresPerHour: 1 / 2000,
  repairHours: 4,
  repairCrews: 1,
  detectionHours: 1e-4,
  coverage: 0.99,
  recoveryHours: 0.5,
  commonCauseShare: 0.02,
  rehearsalHours: 24,
  failbackHours: 1e-5,
  standbys: [
    {
      count: 1,
      standbyFactor: 0.7,
      failoverHours: 1e-4,
      undetectedShare: 0.2,
      warmUp: { hours: 0.01, servingShare: 0.5 },
    },
    { count: 1, standbyFactor: 0.1, failoverHours: 1e-2, undetectedShare: 0.5, warmUp: null },
  ],
};

function near(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual / expected - 1) <= tolerance, `${actual} is not ${expected}`);
}

/** The scheme with one parameter a little larger. */
const SCALED: Readonly<Record<Parameter, (factor: number) => RedundancyDesign>> = {
  failureRate: (f) => ({ ...SCHEME, failuresPerHour: SCHEME.failuresPerHour * f }),
  repairTime: (f) => ({ ...SCHEME, repairHours: SCHEME.repairHours * f }),
  detectionTime: (f) => ({ ...SCHEME, detectionHours: SCHEME.detectionHours * f }),
  uncoveredShare: (f) => ({ ...SCHEME, coverage: 1 - 0.01 * f }),
  recoveryTime: (f) => ({ ...SCHEME, recoveryHours: SCHEME.recoveryHours * f }),
  commonCauseShare: (f) => ({ ...SCHEME, commonCauseShare: SCHEME.commonCauseShare * f }),
  rehearsalInterval: (f) => ({ ...SCHEME, rehearsalHours: 24 * f }),
  failbackTime: (f) => ({ ...SCHEME, failbackHours: 1e-5 * f }),
  standbyFactor: (f) => withStandbys((one) => ({ ...one, standbyFactor: one.standbyFactor * f })),
  failoverTime: (f) => withStandbys((one) => ({ ...one, failoverHours: one.failoverHours * f })),
  undetectedShare: (f) =>
    withStandbys((one) => ({ ...one, undetectedShare: one.undetectedShare * f })),
  warmUpTime: (f) =>
    withStandbys((one) => ({
      ...one,
      warmUp: one.warmUp === null ? null : { ...one.warmUp, hours: one.warmUp.hours * f },
    })),
};

function withStandbys(
  change: (one: RedundancyDesign['standbys'][number]) => RedundancyDesign['standbys'][number],
): RedundancyDesign {
  return { ...SCHEME, standbys: SCHEME.standbys.map(change) };
}

test('the elasticity of each parameter is what a small change of it does', () => {
  const found = downtimeElasticities(SCHEME);
  assert.equal(found.length, Object.keys(SCALED).length);
  for (const { parameter, elasticity } of found) {
    const step = 1e-4;
    const log = (factor: number): number =>
      Math.log(designFigures(SCALED[parameter](factor)).unavailability);
    const difference = (log(1 + step) - log(1 - step)) / (Math.log1p(step) - Math.log1p(-step));
    assert.ok(
      Math.abs(elasticity - difference) < 1e-7,
      `${parameter}: ${elasticity}, ${difference}`,
    );
  }
});

test('a single member is down while it is detected and repaired', () => {
  const { unavailability, outagesPerYear } = designFigures({ ...SCHEME, standbys: [] });
  near(unavailability, 4.0001 / 2004.0001, 1e-14);
  near(outagesPerYear, 8766 / 2004.0001, 1e-14);
  near(designMttfHours({ ...SCHEME, standbys: [] }, 'outage'), 2000, 1e-14);
});

test('a hidden failure costs an outage only when the standby is needed, and rehearsals shorten it', () => {
  const hidden = withStandbys((one) => ({ ...one, undetectedShare: 1 }));
  const down = (rehearsalHours: number | null): number =>
    designFigures({ ...hidden, rehearsalHours }).unavailability;
  const [hourly, weekly, never] = [down(1), down(168), down(null)];
  assert.ok(hourly < weekly && weekly < never, `${hourly} ${weekly} ${never}`);
});

test('all standbys fail with the active when every failure has a common cause', () => {
  const common = designFigures({ ...SCHEME, commonCauseShare: 1, detectionHours: 0 });
  // The first repair ends the outage, whatever becomes of the other members.
  near(common.unavailability, 4 / 2004, 1e-14);
  near(common.downtimeMinutesByPhase.exhausted, common.downtimeMinutesPerYear, 1e-14);
});

test('figures over a mission tend to those of the long run', () => {
  near(intervalUnavailability(SCHEME, 1e7), designFigures(SCHEME).unavailability, 1e-3);
  assert.ok(intervalUnavailability(SCHEME, 1) < designFigures(SCHEME).unavailability);
});

test('a short mission fails as seldom as its mean time says', () => {
  const mean = designMttfHours(SCHEME, 'unbridged');
  const { unreliability, reliability } = designReliability(SCHEME, mean / 1000, 'unbridged');
  near(unreliability, 0.001, 0.1);
  near(reliability + unreliability, 1, 1e-14);
  assert.ok(designMttfHours(SCHEME, 'outage') < mean);
});

test('twenty standbys with hidden failures are solved', () => {
  const many = withStandbys((one) => ({ ...one, count: 10 }));
  const { states, unavailability } = designFigures({
    ...many,
    standbys: many.standbys.slice(0, 1),
  });
  assert.ok(states > 300);
  assert.ok(unavailability < designFigures(SCHEME).unavailability);
});

test('a number that makes no sense is named with what is wanted', () => {
  assert.throws(() => designFigures({ ...SCHEME, coverage: 1.5 }), {
    name: 'RangeError',
    message: 'coverage is 1.5; it must be a share between 0 and 1',
  });
  assert.throws(() => designFigures({ ...SCHEME, repairHours: 0 }), /repairHours is 0/);
  assert.throws(() => designFigures({ ...SCHEME, failuresPerHour: NaN }), /failuresPerHour is NaN/);
});

test('a class that rehearsals leave out fares as if there were none', () => {
  const [first, second] = SCHEME.standbys;
  assert.ok(first !== undefined && second !== undefined);
  const skipped = { ...SCHEME, standbys: [{ ...first, isRehearsed: false }] };
  const never = { ...SCHEME, rehearsalHours: null, standbys: [first] };
  near(designFigures(skipped).unavailability, designFigures(never).unavailability, 1e-12);
  const both = { ...SCHEME, standbys: [{ ...first, isRehearsed: false }, second] };
  assert.ok(designFigures(both).unreadyShare > designFigures(SCHEME).unreadyShare);
});

test('the share of time without a standby that works is that of its hidden and known failures', () => {
  const [first] = SCHEME.standbys;
  assert.ok(first !== undefined);
  const still = { ...SCHEME, rehearsalHours: 24, standbys: [{ ...first, undetectedShare: 1 }] };
  const seldom = { ...still, failuresPerHour: 1e-8 };
  // Each hidden failure stands for half an interval in the mean, then it is repaired; so is each failed active.
  near(designFigures(seldom).unreadyShare, 1e-8 * (0.7 * 0.98 * (12 + 4) + 4), 1e-4);
  const { unreadyShare } = designFigures({ ...SCHEME, standbys: [] });
  assert.equal(unreadyShare, 1);
});
