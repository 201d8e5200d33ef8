import type { TrafficSample } from '../contract.ts';
import { SAMPLE_MS } from './watch.ts';

// What several processes see of one member, as if one had seen it: one window each time, whose requests are those of
// all, whose waiting ones too. They come in the rhythm of one process, the first that is not quiet, so that nothing
// waits for a timer and a lone process is heard at once.

/** A process that has said nothing for longer has nothing to say. */
const QUIET_MS = 1.5 * SAMPLE_MS;

type Heard = { readonly at: number; readonly sample: TrafficSample; told: boolean };

export class SampleMerge {
  readonly #heard = new Map<string, Map<number, Heard>>();

  /** null: it is reported with a later one. */
  take(process: number, sample: TrafficSample, at: number): TrafficSample | null {
    const { member } = sample;
    const heard = this.#heard.get(member) ?? new Map<number, Heard>();
    this.#heard.set(member, heard);
    const before = heard.get(process);
    const own =
      before === undefined || before.told ? sample : merge([before.sample, sample], [sample]);
    heard.set(process, { at, sample: own, told: false });
    for (const [other, { at: heardAt, told }] of heard)
      if (told && at - heardAt > QUIET_MS) heard.delete(other);
    const loud = [...heard].filter(([, one]) => at - one.at <= QUIET_MS);
    if (loud.some(([other]) => other < process)) return null;
    const untold = [...heard.values()].filter(({ told }) => !told);
    const merged = merge(
      untold.map((one) => one.sample),
      loud.map(([, one]) => one.sample),
    );
    for (const one of untold) one.told = true;
    return merged;
  }

  /** The process has ended: what waited there does not any more. */
  forget(process: number): void {
    for (const heard of this.#heard.values()) heard.delete(process);
  }
}

/** Requests of the ones, waiting of the others. */
function merge(windows: readonly TrafficSample[], waits: readonly TrafficSample[]): TrafficSample {
  const [first] = windows;
  if (first === undefined) throw new RangeError('there is a window to merge');
  return {
    member: first.member,
    windowMs: Math.max(...windows.map(({ windowMs }) => windowMs)),
    requests: sum(windows, ({ requests }) => requests),
    errors: sum(windows, ({ errors }) => errors),
    p95Ms: p95Of(windows),
    waiting: sum(waits, ({ waiting }) => waiting),
    oldestWaitMs: Math.max(...waits.map(({ oldestWaitMs }) => oldestWaitMs)),
  };
}

/** Each is an estimate for the same member, so the larger ones weigh more. */
function p95Of(windows: readonly TrafficSample[]): number | null {
  const known = windows.flatMap(({ p95Ms, requests }) =>
    p95Ms === null ? [] : [{ p95Ms, requests }],
  );
  const requests = sum(known, (one) => one.requests);
  if (requests === 0) return null;
  return sum(known, (one) => one.p95Ms * one.requests) / requests;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
