import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { ServiceConfig } from '../../src/core/config.ts';
import { activeHere } from '../../src/core/state.ts';
import type { Effect } from '../../src/core/effect.ts';
import { initialState } from '../../src/core/initial.ts';
import { step } from '../../src/core/step.ts';
import { coreConfig, memberConfig } from './configs.ts';
import { World } from './world.ts';

// What must hold whatever happens. step() asserts its invariants in each of these runs; the world adds what
// only it can see: that no two members of an exclusive service could both take writes.

const ROLES = { promote: true, demote: true, rejoin: true, position: false };

const SHAPES: Readonly<Record<string, Partial<ServiceConfig>>> = {
  stateless: {},
  exclusive: { exclusive: true },
  crowded: {
    exclusive: true,
    members: [memberConfig('a'), memberConfig('b'), memberConfig('c', 'frozen')],
  },
  replicated: { exclusive: true, kind: 'postgres', abilities: ROLES },
  frozen: {
    members: [
      memberConfig('a', 'frozen'),
      memberConfig('b', 'frozen'),
      memberConfig('c', 'frozen'),
    ],
  },
  cold: { exclusive: true, members: [memberConfig('a'), memberConfig('b', 'cold')] },
  primed: { primeMs: 200, members: [memberConfig('a', 'frozen'), memberConfig('b', 'frozen')] },
  warm: { members: [memberConfig('a', 'warm'), memberConfig('b', 'warm')] },
};

const FAULTY: readonly Effect['type'][] = [
  'startMember',
  'awaitReady',
  'primeMember',
  'fenceMember',
  'acquireLease',
  'renewLease',
  'switchTraffic',
  'promoteMember',
  'demoteMember',
  'drainTraffic',
  'thawMember',
  'freezeMember',
  'setCapacity',
  'stopMember',
];

type Action =
  | { readonly do: 'exit' | 'collapse' | 'hang' | 'wake'; readonly member: number }
  | {
      readonly do:
        | 'switchover'
        | 'failover'
        | 'failback'
        | 'pause'
        | 'resume'
        | 'restart'
        | 'agentDies'
        | 'stealLease';
    }
  | {
      readonly do: 'break';
      readonly type: Effect['type'];
      readonly outcome: 'fail' | 'drop' | 'delay' | 'duplicate';
      readonly times: number;
    }
  | { readonly do: 'run'; readonly ms: number };

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({
    do: fc.constantFrom('exit' as const, 'collapse' as const, 'hang' as const, 'wake' as const),
    member: fc.nat(2),
  }),
  fc.record({
    do: fc.constantFrom(
      'switchover' as const,
      'failover' as const,
      'failback' as const,
      'pause' as const,
      'resume' as const,
      'restart' as const,
      'agentDies' as const,
      'stealLease' as const,
    ),
  }),
  fc.record({
    do: fc.constant('break' as const),
    type: fc.constantFrom(...FAULTY),
    outcome: fc.constantFrom(
      'fail' as const,
      'drop' as const,
      'delay' as const,
      'duplicate' as const,
    ),
    times: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({ do: fc.constant('run' as const), ms: fc.integer({ min: 1, max: 3000 }) }),
);

function perform(world: World, { service }: { service: string }, item: Action): void {
  const base = { at: world.now, service };
  switch (item.do) {
    case 'run':
      return world.run(item.ms);
    case 'break':
      world.rules.push({ ...item, member: null, fault: 'driverFailed', delayMs: 700 });
      return;
    case 'restart':
      return world.restart();
    case 'agentDies':
      return world.resume();
    case 'stealLease':
      return world.stealLease('elsewhere');
    case 'switchover':
      return world.deliver({ type: 'switchoverRequested', ...base, to: null });
    case 'failover':
      return world.deliver({ type: 'failoverRequested', ...base, to: null });
    case 'failback':
      return world.deliver({ type: 'failbackRequested', ...base });
    case 'pause':
      return world.deliver({ type: 'pauseRequested', ...base });
    case 'resume':
      return world.deliver({ type: 'resumeRequested', ...base });
    default: {
      const member = world.service.members[item.member]?.name;
      if (member === undefined) return;
      if (item.do === 'exit') world.exit(member);
      else if (item.do === 'collapse') world.collapse(member);
      else world.process(member).hung = item.do === 'hang';
    }
  }
}

/** Longest the service may take to be well once the faults have stopped: repair back-off plus the time-outs of a plan. */
const RECOVERY_MS = 120_000;

function assertRecovers(world: World): void {
  world.rules.length = 0;
  if (world.service.paused)
    world.deliver({ type: 'resumeRequested', at: world.now, service: world.service.name });
  world.run(RECOVERY_MS);
  const { service } = world;
  const active = activeHere(service);
  assert.ok(active !== null, 'somebody is active');
  assert.ok(
    service.phase === 'steady' || service.phase === 'observing',
    `the service is well again, not ${service.phase}`,
  );
  assert.equal(world.routed, active, 'clients reach the active');
  assert.ok(world.process(active).alive && !world.process(active).hung, 'the active lives');
  assert.deepEqual(
    service.pending.filter((effect) => effect.deadline < world.now - 2000),
    [],
    'every effect has ended',
  );
}

for (const [name, shape] of Object.entries(SHAPES)) {
  test(`a ${name} service is well again after any faults, and never served by two`, () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 25 }), (actions) => {
        const world = new World(coreConfig(shape));
        world.start();
        world.run(200);
        for (const item of actions) perform(world, { service: 'shop' }, item);
        assertRecovers(world);
        assert.deepEqual(world.violations, []);
      }),
      { numRuns: 150 },
    );
  });
}

test('epochs strictly grow with each holder, over restarts too', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 25 }), (actions) => {
      const world = new World(coreConfig({ exclusive: true }));
      world.start();
      for (const item of actions) perform(world, { service: 'shop' }, item);
      const acquired = world.events.flatMap((event) =>
        event.type === 'effectSucceeded' &&
        event.result.type === 'leased' &&
        event.result.record.renewal === 0
          ? [event.result.record.epoch]
          : [],
      );
      acquired.forEach((epoch, index) =>
        assert.ok(index === 0 || epoch > (acquired[index - 1] ?? 0)),
      );
    }),
    { numRuns: 100 },
  );
});

test('the events alone lead to the same states and effects again', () => {
  fc.assert(
    fc.property(
      fc.array(
        action.filter((item) => item.do !== 'restart' && item.do !== 'agentDies'),
        { maxLength: 20 },
      ),
      (actions) => {
        const world = new World(coreConfig());
        world.start();
        for (const item of actions) perform(world, { service: 'shop' }, item);
        let state = initialState(world.config, 0);
        const effects: Effect[] = [];
        for (const event of structuredClone(world.events)) {
          const result = step(world.config, state, event);
          ({ state } = result);
          effects.push(...result.effects);
        }
        assert.equal(JSON.stringify(state), JSON.stringify(world.state));
        assert.equal(JSON.stringify(effects), JSON.stringify(world.issued));
      },
    ),
    { numRuns: 50 },
  );
});

const STORIES: Readonly<Record<string, (world: World) => void>> = {
  failover: (world) => world.exit('a'),
  'failover by the early sign': (world) => world.collapse('a'),
  'operator failover': (world) =>
    world.deliver({ type: 'failoverRequested', at: world.now, service: 'shop', to: 'b' }),
  switchover: (world) =>
    world.deliver({ type: 'switchoverRequested', at: world.now, service: 'shop', to: 'b' }),
};

/** Acting effects of an undisturbed run of the story, after its beginning. */
function planOf(shape: Partial<ServiceConfig>, begin: (world: World) => void): number {
  const world = new World(coreConfig(shape));
  world.start();
  world.run(1000);
  const before = world.issued.length;
  begin(world);
  world.run(500);
  return world.issued.length - before;
}

for (const [name, shape] of Object.entries(SHAPES)) {
  for (const [story, begin] of Object.entries(STORIES)) {
    test(`a ${name} service survives the end of its agent, or of the new active, after every step of a ${story}`, () => {
      const length = planOf(shape, begin);
      for (let cut = 0; cut <= length; cut += 1) {
        for (const interruption of [
          'agent dies',
          'restart',
          'target dies',
          'store fails',
        ] as const) {
          const world = new World(coreConfig(shape));
          world.start();
          world.run(1000);
          begin(world);
          const issued = world.issued.length;
          for (let ms = 0; ms < 500 && world.issued.length < issued + cut; ms += 1) world.run(1);
          if (interruption === 'agent dies') world.resume();
          if (interruption === 'restart') world.restart();
          if (interruption === 'target dies') world.exit('b');
          if (interruption === 'store fails') {
            world.rules.push({
              type: 'acquireLease',
              member: null,
              outcome: 'fail',
              fault: 'storeUnavailable',
              delayMs: 0,
              times: 3,
            });
          }
          world.run(3000);
          assertRecovers(world);
          assert.deepEqual(world.violations, [], `${interruption} after ${cut} effects`);
        }
      }
    });
  }
}
