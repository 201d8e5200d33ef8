import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Exit, MemberDriver } from '../../../src/drivers/member/contract.ts';
import { DriverError } from '../../../src/drivers/driver-error.ts';
import { processStillRuns, sendSignal } from '../../../src/drivers/os/proc.ts';
import { eventually, within } from '../../eventually.ts';

// What every driver of members must do, whatever kind of member it starts.

export type Subject = {
  /** Of a member that starts and then runs until it is told to end; SIGTERM ends it. */
  readonly driver: MemberDriver;
  /** The exits it reported so far. */
  readonly exits: readonly Exit[];
  dispose(): Promise<void>;
};

const start = (driver: MemberDriver) => driver.start({ capacity: 'full', signal: within() });
const isConflict = (error: unknown): boolean => isFault(error, 'conflict');

export function memberConformance(kind: string, make: () => Subject | Promise<Subject>): void {
  const check = (name: string, body: (subject: Subject) => Promise<void>): void => {
    it(name, async () => {
      const subject = await make();
      try {
        await body(subject);
      } finally {
        await subject.dispose();
      }
    });
  };
  describe(`a member driver with ${kind}`, () => {
    check('names a process that runs', async ({ driver }) => {
      const started = await start(driver);
      assert.equal(processStillRuns(started.pid, started.startTicks), true);
      assert.equal(processStillRuns(started.pid, started.startTicks - 1), false);
    });

    check('kills, and then nothing runs', async ({ driver }) => {
      const { pid, startTicks } = await start(driver);
      await driver.kill({ signal: within() });
      assert.equal(processStillRuns(pid, startTicks), false);
    });

    check('may be told to kill, stop and close when nothing runs', async ({ driver }) => {
      await driver.kill({ signal: within() });
      await driver.stop({ graceMs: 0, signal: within() });
      await start(driver);
      await driver.kill({ signal: within() });
      await driver.kill({ signal: within() });
      await driver.close();
      await driver.close();
    });

    check('stops by asking first', async ({ driver, exits }) => {
      await start(driver);
      await driver.stop({ graceMs: 15_000, signal: within() });
      await eventually('the exit', () => exits.length === 1);
      assert.notEqual(exits[0]?.signal, 'SIGKILL');
    });

    check('reports the exit of a process that someone else killed, once', async (subject) => {
      const { pid } = await start(subject.driver);
      sendSignal(pid, 'SIGKILL');
      await eventually('the exit', () => subject.exits.length > 0);
      await subject.driver.kill({ signal: within() });
      assert.deepEqual(
        subject.exits.map((exit) => [exit.pid, exit.exitCode, exit.signal]),
        [[pid, null, 'SIGKILL']],
      );
    });

    check('refuses to start what runs already', async ({ driver }) => {
      await start(driver);
      await assert.rejects(start(driver), isConflict);
    });

    check('starts only one of two at once', async ({ driver }) => {
      const outcomes = await Promise.allSettled([start(driver), start(driver)]);
      const statuses = outcomes.map((outcome) => outcome.status);
      assert.deepEqual(statuses, ['fulfilled', 'rejected']);
    });

    check('leaves nothing behind when it is killed during a start', async (subject) => {
      const starting = start(subject.driver).catch(() => null);
      await subject.driver.kill({ signal: within() });
      const started = await starting;
      if (started !== null) {
        assert.equal(processStillRuns(started.pid, started.startTicks), false);
      }
      await start(subject.driver);
    });

    check('starts again after each kill', async ({ driver }) => {
      const pids = new Set<number>();
      for (let round = 0; round < 5; round += 1) {
        pids.add((await start(driver)).pid);
        await driver.kill({ signal: within() });
      }
      assert.equal(pids.size, 5);
    });

    check('freezes, thaws, and kills what is frozen', async ({ driver, exits }) => {
      const { pid, startTicks } = await start(driver);
      await driver.freeze({ signal: within() });
      await driver.freeze({ signal: within() });
      await driver.thaw({ signal: within() });
      await driver.freeze({ signal: within() });
      assert.equal(processStillRuns(pid, startTicks), true);
      await driver.kill({ signal: within() });
      assert.equal(processStillRuns(pid, startTicks), false);
      await eventually('the exit', () => exits.length === 1);
    });

    check('stops what is frozen by asking first', async ({ driver, exits }) => {
      await start(driver);
      await driver.freeze({ signal: within() });
      await driver.stop({ graceMs: 15_000, signal: within() });
      await eventually('the exit', () => exits.length === 1);
      assert.notEqual(exits[0]?.signal, 'SIGKILL');
    });

    check('cannot freeze, thaw or limit what does not run', async ({ driver }) => {
      await assert.rejects(driver.freeze({ signal: within() }), isConflict);
      await assert.rejects(driver.thaw({ signal: within() }), isConflict);
      await assert.rejects(driver.setCapacity('reduced', { signal: within() }), isConflict);
    });

    check('reports nothing any more once it is closed', async ({ driver, exits }) => {
      await start(driver);
      await driver.close();
      await driver.kill({ signal: within() });
      assert.deepEqual(exits, []);
    });
  });
}

export function isFault(error: unknown, fault: DriverError['fault']): boolean {
  return error instanceof DriverError && error.fault === fault;
}
