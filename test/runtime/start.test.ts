import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { LeaseRecord } from '../../src/core/effect.ts';
import type { Event, FoundMember } from '../../src/core/event.ts';
import { initialState } from '../../src/core/initial.ts';
import type { Segment, StoreFailure } from '../../src/runtime/ports.ts';
import { Runtime, type HeldService } from '../../src/runtime/runtime.ts';
import { coreConfig } from '../core/configs.ts';
import { mockTime } from './mock-time.ts';

// From the first question to the store until the first event is decided.

const RECORD: LeaseRecord = {
  holder: { host: 'h1', member: 'a' },
  epoch: 3,
  durationMs: 10_000,
  renewal: 1,
};

function rig(
  t: TestContext,
  options: { record?: LeaseRecord | null; isSilent?: boolean; segment?: Segment | null } = {},
) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const clock = { at: 0 };
  const stored =
    options.record === undefined || options.record === null
      ? { revision: 0, record: null }
      : { revision: 1, record: options.record };
  const events: Event[] = [];
  const held: HeldService[] = [];
  const ends: (StoreFailure | null)[] = [];
  const ready: (() => void)[] = [];
  const runtime = new Runtime({
    config: coreConfig(),
    time: mockTime(clock),
    journal: {
      snapshotDue: false,
      append: (entry) => {
        if (entry.type === 'event') events.push(entry.event);
      },
      flush: () => {},
      newest: () => options.segment ?? null,
    },
    leases: {
      read: (_service, end) => {
        if (options.isSilent !== true) end({ type: 'read', stored });
      },
      swap: () => {},
      watch: () => () => {},
    },
    carryOut: () => () => {},
    readings: {
      read: () => ({ runDelayMs: 0, throttledMs: 0, wallOffsetMs: 0, bootOffsetMs: 0 }),
      takeEcho: () => null,
    },
    meter: null,
    relay: (deliver) => deliver(),
    onStep: () => {},
    onDefect: (error) => assert.ifError(error),
  });
  t.after(() => runtime.close());
  const start = (found: readonly FoundMember[] = []): void =>
    runtime.start(
      {
        adopt: () => found,
        prepare: (_found, services, end) => {
          held.push(...services);
          ready.push(end);
        },
        nextIncident: () => 7,
      },
      (failure) => ends.push(failure),
    );
  return { clock, runtime, events, held, ends, start, ready: () => ready.shift()?.() };
}

test('a start on a store that knows no lease holds nothing and begins once the host is ready', (t) => {
  const made = rig(t);
  made.start();
  assert.deepEqual([made.held, made.events, made.ends], [[], [], []]);
  made.ready();
  const [event] = made.events;
  assert.ok(event?.type === 'agentStarted' && event.nextIncident === 7);
  assert.deepEqual(made.ends, [null]);
});

test('where a lease was held before and nothing is recovered, clients wait under its epoch', (t) => {
  const made = rig(t, { record: RECORD });
  made.start();
  assert.deepEqual(
    made.held.map(({ service, route }) => [service, route.epoch, route.active]),
    [['shop', 3, null]],
  );
});

test('a store that does not answer fails the start, and nothing is decided', (t) => {
  const made = rig(t, { isSilent: true });
  made.start();
  made.clock.at = 2000;
  t.mock.timers.tick(2000);
  assert.equal(made.ends.length, 1);
  assert.equal(made.ends[0]?.fault, 'storeUnavailable');
  assert.deepEqual(made.events, []);
});

test('members that live are recovered from a journal that tells of the epoch, and from no other', (t) => {
  const config = coreConfig();
  const state = initialState(config, 0);
  const [service] = state.services;
  assert.ok(service !== undefined);
  const found: readonly FoundMember[] = [
    { service: 'shop', member: 'a', pid: 9, incarnation: 2, frozen: false },
  ];
  for (const [epoch, type] of [
    [3, 'agentRecovered'],
    [2, 'agentStarted'],
  ] as const) {
    const services = [{ ...service, epoch }];
    const segment = { config, state: { ...state, services }, events: [], isOfThisBoot: true };
    const made = rig(t, { record: RECORD, segment });
    made.start(found);
    made.ready();
    assert.equal(made.events[0]?.type, type);
    t.mock.timers.reset();
  }
});
