import type { TrafficCounts } from '../contract.ts';
import { noCounts } from './context.ts';

/** The figures of several processes as one. */
export function aggregateStats(figures: readonly TrafficCounts[]): TrafficCounts {
  const sum = noCounts();
  let heldNow = 0;
  const inFlight: Record<string, number> = {};
  for (const one of figures) {
    for (const key of COUNTERS) sum[key] += one[key];
    heldNow += one.heldNow;
    for (const [member, count] of Object.entries(one.inFlight))
      inFlight[member] = (inFlight[member] ?? 0) + count;
  }
  return { ...sum, heldNow, inFlight };
}

const COUNTERS = [
  'requests',
  'failed',
  'replayed',
  'hedged',
  'heldTotal',
  'refused',
  'rejected',
  'connections',
  'bytesIn',
  'bytesOut',
] as const;
