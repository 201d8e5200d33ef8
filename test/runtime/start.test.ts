import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { LeaseRecord } from '../../src/core/effect.ts';
import type { Event, FoundMember } from '../../src/core/event.ts';
import { initialState } from '../../src/core/initial.ts';
import type { Segment, StoreFailure, SwapAnswer } from '../../src/runtime/ports.ts';
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
  options: {
    record?: LeaseRecord | null;
    isSilent?: boolean;
    segment?: Segment | null;
    swap?: SwapAnswer;
  } = {},
) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const clock = { at: 0 };
  const stored =
    options.record === undefined || options.record === null
      ? { revision: 0, record: null }
      : { revision: 1, record: options.record };
  const events: Event[] = [];
  const held: HeldService[] = [];
  const swapped: LeaseRecord[] = [];
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
      swap: (_service, _revision, record, end) => {
        swapped.push(record);
        if (options.swap !== undefined) end(options.swap);
      },
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
  return { clock, runtime, events, held, swapped, ends, start, ready: () => ready.shift()?.() };
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

/** A journal of another configuration and another boot, in which this record was in force. */
function journalWith(record: LeaseRecord): Segment {
  const config = coreConfig();
  const state = initialState(config, 0);
  const services = state.services.map((service) => ({
    ...service,
    epoch: record.epoch,
    lease: { ...service.lease, record },
  }));
  return { config, state: { ...state, services }, events: [], isOfThisBoot: false };
}

test('a store from an old backup is raised to the epoch of the journal before anything starts', (t) => {
  for (const record of [RECORD, null]) {
    const newest = { ...RECORD, epoch: 5 };
    const swap = { type: 'swapped', revision: 2 } as const;
    const made = rig(t, { record, segment: journalWith(newest), swap });
    made.start();
    assert.deepEqual(made.swapped, [newest]);
    made.ready();
    const [event] = made.events;
    assert.ok(event?.type === 'agentStarted');
    assert.deepEqual(event.epochs, [{ service: 'shop', record: newest }]);
    t.mock.timers.reset();
  }
});

test('a store that cannot be raised fails the start, and nothing is decided', (t) => {
  for (const swap of [
    { type: 'failed', fault: 'diskFull', detail: 'no room' },
    { type: 'conflict', stored: { revision: 9, record: RECORD } },
  ] as const) {
    const made = rig(t, { record: RECORD, segment: journalWith({ ...RECORD, epoch: 5 }), swap });
    made.start();
    assert.equal(made.ends.length, 1);
    assert.equal(made.ends[0]?.fault, swap.type === 'failed' ? 'diskFull' : 'conflict');
    assert.deepEqual([made.held, made.events], [[], []]);
    t.mock.timers.reset();
  }
});

test('a store that is ahead of the journal is left as it is', (t) => {
  const made = rig(t, { record: RECORD, segment: journalWith({ ...RECORD, epoch: 2 }) });
  made.start();
  made.ready();
  assert.deepEqual([made.swapped, made.ends], [[], [null]]);
});
