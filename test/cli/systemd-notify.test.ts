import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { describeStatus, Supervision } from '../../src/cli/systemd-notify.ts';
import type { AgentState, MemberState, ServiceState } from '../../src/core/state.ts';
import type { Told } from '../../src/drivers/service-manager.ts';
import { changeMember, changeService, wellState } from '../api/fake-view.ts';

const WATCHDOG_MS = 4000;

/** A supervision by a manager that remembers, of an agent whose state and clock the test sets. */
function supervised(t: TestContext, first: AgentState) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const told: Told[] = [];
  const faults: unknown[] = [];
  let fault: Error | null = null;
  const manager = {
    watchdogMs: WATCHDOG_MS,
    tell: async (one: Told) => {
      if (fault !== null) throw fault;
      told.push(one);
    },
  };
  const supervision = new Supervision(manager, (error) => faults.push(error));
  t.after(() => supervision.close());
  let [state, nowMs] = [first, first.at];
  const view = { state: () => state, now: () => nowMs };
  /** Second by second; `decides`: the core's state is of the moment. */
  const pass = async (seconds: number, { decides }: { decides: boolean }): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) {
      nowMs += 1000;
      if (decides) state = { ...state, at: nowMs };
      t.mock.timers.tick(1000);
      await supervision.settled();
    }
  };
  return {
    supervision,
    told,
    faults,
    view,
    pass,
    become: (next: AgentState) => {
      state = { ...next, at: nowMs };
    },
    fail: (error: Error | null) => {
      fault = error;
    },
  };
}

function starting(service: ServiceState): ServiceState {
  return { ...service, phase: 'starting', leadership: { who: 'nobody' } };
}

function triedOnce(member: MemberState): MemberState {
  return { ...member, repair: { ...member.repair, attempts: 1 } };
}

test('proof of life is given at half of what is asked for, and the status only when it changed', async (t) => {
  const { supervision, told, view, pass } = supervised(t, wellState());
  supervision.watch(view);
  await supervision.settled();
  assert.deepEqual(told, [{ ready: true, watchdog: true, status: 'shop OK, a is serving' }]);
  await pass(10, { decides: true });
  assert.equal(told.slice(1).filter(({ watchdog }) => watchdog === true).length, 5);
  assert.equal(told.length, 6, 'nothing is told between two proofs');
});

test('proof of life ends when decisions end, although the event loop goes on', async (t) => {
  const { supervision, told, view, pass } = supervised(t, wellState());
  supervision.watch(view);
  await pass(4, { decides: true });
  const before = told.length;
  await pass(20, { decides: false });
  assert.ok(told.length - before <= 2, 'at most until the newest decision is too old');
  const stuck = told.length;
  await pass(2, { decides: true });
  assert.ok(told.length > stuck, 'it is given again when they go on');
});

test('a service that starts is waited for, and the start is extended meanwhile', async (t) => {
  const first = changeService(wellState(), 'shop', starting);
  const { supervision, told, view, pass, become } = supervised(t, first);
  supervision.watch(view);
  await pass(60, { decides: true });
  assert.ok(told.every(({ ready }) => ready === undefined));
  assert.ok(told.filter(({ extendMs }) => (extendMs ?? 0) > 2 * 1000).length >= 4);
  const oneTried = changeMember(first, 'a', triedOnce);
  become(oneTried);
  await pass(2, { decides: true });
  assert.ok(
    told.every(({ ready }) => ready === undefined),
    'b may still do',
  );
  become(changeMember(oneTried, 'b', triedOnce));
  await pass(2, { decides: true });
  assert.equal(told.filter(({ ready }) => ready === true).length, 1, 'both were tried in vain');
});

test('a manager that cannot be told is reported once in a row', async (t) => {
  const { supervision, told, faults, view, pass, fail } = supervised(t, wellState());
  fail(new Error('gone'));
  supervision.watch(view);
  await pass(20, { decides: true });
  assert.equal(faults.length, 1);
  fail(null);
  await pass(5, { decides: true });
  assert.equal(told[0]?.ready, true, 'what it missed is told again');
  fail(new Error('gone again'));
  await pass(20, { decides: true });
  assert.equal(faults.length, 2);
});

test('after the stop has begun no more life is proved', async (t) => {
  const { supervision, told, view, pass } = supervised(t, wellState());
  supervision.watch(view);
  await pass(3, { decides: true });
  supervision.stopping(20_000);
  await pass(10, { decides: true });
  assert.deepEqual(told.at(-1), { stopping: true, status: 'stopping', extendMs: 20_000 });
});

test('the status names services in trouble first and stays short', () => {
  const names = ['one', 'two', 'three', 'four', 'five', 'six', 'seven'];
  const state = changeService(wellState(names), 'six', (service) => ({
    ...service,
    leadership: { who: 'nobody' },
    phase: 'down',
  }));
  assert.equal(
    describeStatus(state),
    'six DOWN, no member is serving; one OK, a is serving; two OK, a is serving; three OK, a is serving; four OK, a is serving; and 2 more',
  );
});
