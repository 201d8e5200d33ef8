import { DEFAULT_FAULT_RATES, type FaultRates } from '../../../src/model/fault-rates.ts';
import { BASELINE, type Design } from '../../../src/model/plan/design-space.ts';
import type { PlanQuestion } from '../../../src/model/plan/question.ts';

const NEVER = { everyMs: null, repairMs: 1000 };
const DAY = 86_400_000;

/** A small stateless web service on one machine, with the default rates and no objective but what is given. */
export function question(change: Partial<PlanQuestion> = {}): PlanQuestion {
  return {
    objectives: { unavailability: null, rtoMs: null, rpoBytes: null, perMonth: null, power: null },
    service: {
      state: 'none',
      temperatures: ['hot', 'warm', 'frozen', 'cold'],
      lagBytes: 0,
      startMs: 3000,
      warmUpMs: 0,
      warmUpShare: 0.5,
      need: { cores: 1, memoryGib: 0.25, busyShare: 0.3, idleShare: 0.01 },
      warmShare: 0.2,
      seesHangs: true,
      replays: true,
      p95Ms: null,
    },
    limits: { hosts: 1, zones: 1, standbys: 2 },
    rates: DEFAULT_FAULT_RATES,
    measured: { crashDetectionMs: null, hangDetectionMs: null },
    prices: { perCoreMonth: 30, perGibMonth: 3, perHostMonth: 0, perKwh: 0 },
    power: { wattPerCore: 3, wattPerGib: 0.4, wattPerHost: 1 },
    ...change,
  };
}

/** Nothing but processes that crash, takeovers that always succeed, and standbys that never fail. */
export function crashesOnly(change: Partial<FaultRates> = {}): FaultRates {
  return {
    process: { everyMs: 30 * DAY, repairMs: 3000 },
    hang: NEVER,
    degraded: NEVER,
    host: NEVER,
    zone: NEVER,
    pause: { everyMs: null, medianMs: 50 },
    standbyFactor: { hot: 0, warm: 0, frozen: 0, cold: 0 },
    hiddenShare: { hot: 0, warm: 0, frozen: 0, cold: 0 },
    commonCauseShare: 0,
    coverage: 1,
    restartShare: 1,
    recoveryMs: 3_600_000,
    ...change,
  };
}

export function design(change: Partial<Design> = {}): Design {
  return { ...BASELINE, standbys: [{ temperature: 'hot', count: 1 }], ...change };
}
