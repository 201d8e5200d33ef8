import type { ProbeAnswer } from '../../core/event.ts';
import type { Probe } from './contract.ts';

// Looks at a member at the multiples of the interval on the monotonic clock, so that members with the same
// interval are looked at in one wake-up of the agent. The schedule is nominal: a late timer does not
// shift it, so beats do not drift and their arrival times stay comparable; slots that a pause swallowed are
// skipped rather than caught up in a burst, and leave a gap in the sequence.
// A probe that hangs must not block the next ones until its timeout, so a second may run beside it, on a
// connection of its own; beyond two, slots are skipped.

export type ScheduledAnswer = ProbeAnswer & {
  /** Number of the slot, from 0. */
  readonly sequence: number;
  readonly sentAt: number;
};

type ScheduleOptions = {
  readonly probe: Probe;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly onAnswer: (answer: ScheduledAnswer) => void;
};

const LOOKS_AT_ONCE = 2;

/** After stop() no answer is reported any more; the probe stays the caller's to close. */
export function startSchedule(options: ScheduleOptions): { stop(): void } {
  const { probe, intervalMs, timeoutMs, now, onAnswer } = options;
  const startedAt = Math.ceil(now() / intervalMs) * intervalMs;
  let underWay = 0;
  let stopped = false;
  let nextSlot = 0;
  let timer: NodeJS.Timeout;

  const look = async (sequence: number): Promise<void> => {
    const sentAt = now();
    const fresh = underWay > 0;
    underWay += 1;
    const answer = await probe.check({ timeoutMs, fresh });
    underWay -= 1;
    if (!stopped) onAnswer({ ...answer, sequence, sentAt });
  };
  const arm = (): void => {
    // Rounded up, since a timer that fires before its slot would find nothing to do.
    const waitMs = Math.ceil(startedAt + nextSlot * intervalMs - now());
    timer = setTimeout(wake, Math.max(0, waitMs));
    timer.unref();
  };
  const wake = (): void => {
    const slot = Math.floor((now() - startedAt) / intervalMs);
    if (slot >= nextSlot) {
      nextSlot = slot + 1;
      if (underWay < LOOKS_AT_ONCE) void look(slot);
    }
    arm();
  };
  arm();

  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
