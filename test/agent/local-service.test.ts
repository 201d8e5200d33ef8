import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LocalMember } from '../../src/agent/local-member.ts';
import { LocalService } from '../../src/agent/local-service.ts';
import type { Route } from '../../src/core/effect.ts';
import { DriverError } from '../../src/drivers/driver-error.ts';
import type { Fence } from '../../src/drivers/fence/contract.ts';
import type { Probe } from '../../src/drivers/probe/contract.ts';
import type { TrafficDriver } from '../../src/drivers/traffic/contract.ts';
import { proxyAbilities } from '../../src/drivers/traffic/proxy/abilities.ts';
import { IDLE_DRIVER } from './idle-driver.ts';

const PROBE: Probe = {
  channel: 'http',
  check: async () => ({ ok: true, latencyMs: 1 }),
  close: async () => {},
};

/** Two members behind fences of a kind, and what was ordered, in its order. */
function rig(fence: Pick<Fence, 'abilities'>, refusal: DriverError | null = null) {
  const orders: string[] = [];
  const makeMember = (name: string): LocalMember =>
    new LocalMember({
      service: 'shop',
      member: name,
      intervalMs: 100,
      timeoutMs: 300,
      makeDriver: () => IDLE_DRIVER,
      makeFence: () => ({
        ...fence,
        extend: async ({ epoch, until }) => {
          orders.push(`extend ${name} ${epoch} ${until}`);
          if (refusal !== null) throw refusal;
        },
        fence: async () => {},
      }),
      probe: PROBE,
      ready: PROBE,
      prime: null,
      now: () => 0,
      onEvent: () => {},
    });
  const traffic: TrafficDriver = {
    abilities: proxyAbilities({ protocol: 'http', attempts: 2 }),
    open: async () => {},
    openEventually: () => {},
    route: async ({ active }) => void orders.push(`route ${active}`),
    drain: async () => ({ cut: 0 }),
    stats: async () => null,
    close: async () => {},
    leave: () => {},
  };
  const service = new LocalService({
    ...SILENT,
    name: 'shop',
    members: new Map(['a', 'b'].map((name) => [name, makeMember(name)])),
    traffic,
  });
  const send = async (route: Partial<Route>) =>
    await service.execute(
      {
        type: 'switchTraffic',
        route: { ...ROUTE, ...route },
        id: 1,
        service: 'shop',
        after: [],
        issuedAt: 0,
        withinMs: 1000,
        deadline: 1000,
      },
      new AbortController().signal,
    );
  return { orders, send };
}

const ROUTE: Route = {
  epoch: 3,
  active: 'a',
  fallbacks: [],
  suspects: [],
  dead: [],
  leaseUntil: null,
};

const SILENT = {
  saveIncident: () => {},
  onEvent: () => {},
  onCertificate: () => {},
  onProcess: () => {},
  onAcceptedEarly: () => {},
  now: () => 0,
};

const GATE = { abilities: { proof: 'cutOff', extendable: true } } as const;
const KILL = { abilities: { proof: 'ended', extendable: false } } as const;

test('a fence with a deadline gets the lease’s end of each route, before the data plane does', async () => {
  const { orders, send } = rig(GATE);
  await send({ leaseUntil: 9500 });
  await send({ leaseUntil: 12_500 });
  assert.deepEqual(orders, ['extend a 3 9500', 'route a', 'extend a 3 12500', 'route a']);
});

test('whoever the data plane may turn to by itself is let through as well', async () => {
  const { orders, send } = rig(GATE);
  await send({ fallbacks: ['b', 'on another host'] });
  assert.deepEqual(orders, ['extend a 3 null', 'extend b 3 null', 'route a']);
  await send({ active: null });
  assert.deepEqual(orders.slice(3), ['route null'], 'where nobody serves nothing is extended');
});

test('where a fence cannot be extended the data plane does not change, and the order fails', async () => {
  const { orders, send } = rig(GATE, new DriverError('driverFailed', 'no table'));
  await assert.rejects(send({ leaseUntil: 9500 }), { message: 'no table' });
  assert.deepEqual(orders, ['extend a 3 9500']);
});

test('a fence that acts on an order only is not extended', async () => {
  const { orders, send } = rig(KILL);
  await send({ leaseUntil: 9500 });
  assert.deepEqual(orders, ['route a']);
});
