import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import type { ProbeAnswer } from '../../../src/core/event.ts';
import type { Probe } from '../../../src/drivers/probe/contract.ts';
import { startSchedule, type ScheduledAnswer } from '../../../src/drivers/probe/schedule.ts';

const OK: ProbeAnswer = { ok: true, latencyMs: 1 };

/** A schedule of 100 ms slots on a clock that only the test moves. */
function fixture(check: (fresh: boolean) => Promise<ProbeAnswer>) {
  mock.timers.enable({ apis: ['setTimeout'] });
  const answers: ScheduledAnswer[] = [];
  const looks: { at: number; fresh: boolean }[] = [];
  let at = 1000;
  const probe: Probe = {
    channel: 'http',
    check: ({ fresh }) => {
      looks.push({ at, fresh });
      return check(fresh);
    },
    close: async () => undefined,
  };
  const schedule = startSchedule({
    probe,
    intervalMs: 100,
    timeoutMs: 300,
    now: () => at,
    onAnswer: (answer) => answers.push(answer),
  });
  return {
    answers,
    looks,
    schedule,
    /** Time passes in steps of 1 ms, and every promise settles. */
    pass: async (durationMs: number): Promise<void> => {
      for (let step = 0; step < durationMs; step += 1) {
        at += 1;
        mock.timers.tick(1);
        await Promise.resolve();
        await Promise.resolve();
      }
    },
    /** The process is stopped for so long: the clock runs on, timers do not. */
    pause: (durationMs: number): void => {
      at += durationMs;
    },
    end: (): void => {
      schedule.stop();
      mock.timers.reset();
    },
  };
}

describe('a schedule of looks', () => {
  it('looks at fixed instants from its start on', async () => {
    const { looks, answers, pass, end } = fixture(async () => OK);
    await pass(350);
    end();
    assert.deepEqual(
      looks.map(({ at }) => at),
      [1001, 1100, 1200, 1300],
    );
    assert.deepEqual(
      answers.map(({ sequence, sentAt }) => [sequence, sentAt]),
      [
        [0, 1001],
        [1, 1100],
        [2, 1200],
        [3, 1300],
      ],
    );
  });

  it('skips the slots that a pause swallowed, and keeps to the instants afterwards', async () => {
    const { answers, pass, pause, end } = fixture(async () => OK);
    await pass(120);
    pause(530);
    await pass(240);
    end();
    assert.deepEqual(
      answers.map(({ sequence }) => sequence),
      [0, 1, 7, 8],
    );
    // Slot 6 had passed long before the timer fired late in slot 7; slot 8 is on time again.
    assert.equal(answers.at(-1)?.sentAt, 1800);
  });

  it('lets one fresh look run beside one that hangs, and no third', async () => {
    const hung: ((answer: ProbeAnswer) => void)[] = [];
    const { looks, answers, pass, end } = fixture(
      () => new Promise((resolve) => hung.push(resolve)),
    );
    await pass(350);
    assert.deepEqual(
      looks.map(({ fresh }) => fresh),
      [false, true],
    );
    hung[0]?.({ ok: false, fault: 'timeout', detail: '' });
    await pass(100);
    assert.deepEqual(
      looks.map(({ at, fresh }) => [at, fresh]),
      [
        [1001, false],
        [1100, true],
        [1400, true],
      ],
    );
    assert.deepEqual(
      answers.map(({ sequence, ok }) => [sequence, ok]),
      [[0, false]],
    );
    end();
  });

  it('reports nothing after it was stopped, not even a look under way', async () => {
    const under: ((answer: ProbeAnswer) => void)[] = [];
    const { looks, answers, schedule, pass, end } = fixture(
      () => new Promise((resolve) => under.push(resolve)),
    );
    await pass(10);
    schedule.stop();
    under[0]?.(OK);
    await pass(500);
    end();
    assert.equal(looks.length, 1);
    assert.deepEqual(answers, []);
  });
});
