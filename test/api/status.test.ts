import assert from 'node:assert/strict';
import { test } from 'node:test';
import { overallStatus, type Overall, briefStatus, reportStatus } from '../../src/api/status.ts';
import type { AgentState } from '../../src/core/state.ts';
import { changeMember, changeService, makeIncident, wellState, withHealth } from './fake-view.ts';

const well = wellState();

/** The member was ready, and its fence is under way. */
function ending(member: string): AgentState {
  const order = { type: 'fenceMember', member, service: 'shop', id: 1, after: [] } as const;
  const fence = { ...order, issuedAt: 1000, withinMs: 2000, deadline: 3000 };
  return changeService(well, 'shop', (service) => ({ ...service, pending: [fence] }));
}

const cases: readonly (readonly [string, AgentState, Overall])[] = [
  ['is OK while a healthy member serves and another is ready', well, 'OK'],
  [
    'is DEGRADED without a ready standby',
    changeMember(well, 'b', (member) => ({ ...member, readySince: null })),
    'DEGRADED',
  ],
  [
    'is DEGRADED with a standby that has failed, whatever it was before',
    changeMember(well, 'b', (member) => withHealth(member, 'failed')),
    'DEGRADED',
  ],
  ['is DEGRADED while the only standby is being ended', ending('b'), 'DEGRADED'],
  [
    'is OK with a cold standby that nothing speaks against',
    changeMember(well, 'b', (member) => ({ ...member, temperature: 'cold', readySince: null })),
    'OK',
  ],
  [
    'is DEGRADED with a cold standby that could not be started',
    changeMember(well, 'b', (member) => ({
      ...member,
      temperature: 'cold',
      repair: { ...member.repair, fault: 'startFailed' },
    })),
    'DEGRADED',
  ],
  [
    'is DEGRADED while the active is suspect',
    changeMember(well, 'a', (member) => withHealth(member, 'suspect')),
    'DEGRADED',
  ],
  [
    'is DEGRADED while paused',
    changeService(well, 'shop', (service) => ({ ...service, paused: true })),
    'DEGRADED',
  ],
  [
    'is DEGRADED during a switchover',
    changeService(well, 'shop', (service) => ({ ...service, phase: 'switchingOver' })),
    'DEGRADED',
  ],
  [
    'is DOWN while the active has failed and nobody took over yet',
    changeService(
      changeMember(well, 'a', (member) => withHealth(member, 'failed')),
      'shop',
      (service) => ({ ...service, phase: 'failingOver' }),
    ),
    'DOWN',
  ],
  [
    'is DEGRADED while a fallback serves for the failed active',
    changeService(
      changeMember(well, 'a', (member) => withHealth(member, 'failed')),
      'shop',
      (service) => ({ ...service, usedFallback: { at: 2000, from: 'a', to: 'b' } }),
    ),
    'DEGRADED',
  ],
  [
    'is DOWN before the first active',
    changeService(well, 'shop', (service) => ({
      ...service,
      phase: 'starting',
      leadership: { who: 'nobody' },
    })),
    'DOWN',
  ],
  [
    'is DOWN when no candidate passes',
    changeService(well, 'shop', (service) => ({ ...service, phase: 'down' })),
    'DOWN',
  ],
  [
    'is DOWN without its data plane',
    changeService(well, 'shop', (service) => ({ ...service, trafficUp: false })),
    'DOWN',
  ],
];

for (const [title, state, expected] of cases) {
  test(`a service ${title}`, () => {
    const [service] = state.services;
    assert.ok(service !== undefined);
    assert.equal(overallStatus(service), expected);
  });
}

const standingBy = changeService(
  changeMember(well, 'a', (member) => ({
    ...member,
    host: 'h2',
    role: 'standby',
    readySince: null,
  })),
  'shop',
  (service) => ({
    ...service,
    phase: 'standingBy',
    leadership: { who: 'elsewhere', host: 'h2', member: 'a' },
  }),
);

test('a host that stands by names the active of the other host, and is well if its own member could take over', () => {
  assert.deepEqual(briefStatus(standingBy), {
    status: 'OK',
    active: 'a',
    activeHost: 'h2',
    epoch: 3,
  });
  const { shop } = reportStatus(standingBy).services;
  assert.equal(shop?.activeHost, 'h2');
  assert.equal(shop?.members['a']?.role, 'active');
  const uncovered = changeMember(standingBy, 'b', (member) => withHealth(member, 'failed'));
  assert.equal(briefStatus(uncovered).status, 'DEGRADED');
});

test('one service tells its active and epoch, several tell the worst and each', () => {
  assert.deepEqual(briefStatus(well), { status: 'OK', active: 'a', epoch: 3 });
  const two = changeService(wellState(['shop', 'bank']), 'bank', (service) => ({
    ...service,
    phase: 'down',
  }));
  assert.deepEqual(briefStatus(two), {
    status: 'DOWN',
    active: null,
    epoch: null,
    services: {
      shop: { status: 'OK', active: 'a', epoch: 3 },
      bank: { status: 'DOWN', active: 'a', epoch: 3 },
    },
  });
});

test('the status document has exactly the shape that scripts rely on', () => {
  const state = changeService(well, 'shop', (service) => ({
    ...service,
    incident: makeIncident(5).incident,
  }));
  assert.deepEqual(reportStatus(state), {
    services: {
      shop: {
        active: 'a',
        epoch: 3,
        phase: 'steady',
        paused: false,
        trafficUp: true,
        members: {
          a: {
            role: 'active',
            temperature: 'hot',
            health: 'healthy',
            ready: true,
            pid: 4000,
            lagBytes: null,
            reason: 'answering',
          },
          b: {
            role: 'standby',
            temperature: 'warm',
            health: 'healthy',
            ready: true,
            pid: 4001,
            lagBytes: null,
            reason: 'answering',
          },
        },
        lastIncident: {
          id: 5,
          cause: 'memberFailed',
          from: 'a',
          to: 'b',
          outageMs: 19,
          steps: { detectMs: 0.4, decideMs: 0.2, fenceMs: 3.1, promoteMs: null, switchMs: 4.5 },
        },
      },
    },
  });
});

test('a member that is being ended is not reported as ready', () => {
  const { members } = reportStatus(ending('b')).services['shop'] ?? assert.fail('shop is reported');
  assert.deepEqual([members['a']?.ready, members['b']?.ready], [true, false]);
});
