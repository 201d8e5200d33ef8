import assert from 'node:assert/strict';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { suite, test } from 'node:test';
import { DriverError } from '../../../src/drivers/driver-error.ts';
import { ProxyDriver } from '../../../src/drivers/traffic/proxy.ts';
import { AppError } from '../../../src/errors.ts';
import { ask, dial, freePort, pidOf, route, startMember, startRig, until } from './rig.ts';

function isConflict(error: unknown): boolean {
  return error instanceof DriverError && error.fault === 'conflict';
}

suite('the control of the proxy', () => {
  test('a route with a lower epoch is refused, one with the same is taken', async (t) => {
    const a = await startMember(t, 'a');
    const rig = await startRig(t, [a]);
    await rig.driver.route(route('a', { epoch: 5 }));
    await rig.driver.route(route('a', { epoch: 5, suspects: ['a'] }));
    await assert.rejects(rig.driver.route(route('a', { epoch: 4 })), isConflict);
    assert.equal((await ask(rig)).status, 200);
  });

  test('a route that names an unknown member is refused', async (t) => {
    const rig = await startRig(t, [{ name: 'a', port: await freePort() }]);
    await assert.rejects(
      rig.driver.route(route('z')),
      (error) => error instanceof DriverError && error.fault === 'notFound',
    );
  });

  test('a drain waits for what is in flight and cuts what is left at the time-out', async (t) => {
    const [a, b] = await Promise.all([startMember(t, 'a'), startMember(t, 'b')]);
    const rig = await startRig(t, [a, b]);
    await rig.driver.route(route('a'));
    const slow = ask(rig, { path: '/slow' });
    await until(async () => (await rig.driver.stats()).inFlight['a'] === 1, 'one is in flight');
    await rig.driver.route(route('b', { epoch: 2, fallbacks: ['a'] }));
    assert.deepEqual(await rig.driver.drain({ member: 'a', timeoutMs: 5000 }), { cut: 0 });
    assert.equal((await slow).member, 'a');
    await rig.driver.route(route('a', { epoch: 3, fallbacks: ['b'] }));
    const stuck = ask(rig, { method: 'POST', path: '/wait', body: 'x' });
    const repeated = ask(rig, { path: '/wait' });
    await a.waitingRequests(2);
    await rig.driver.route(route('b', { epoch: 4, fallbacks: ['a'] }));
    assert.deepEqual(await rig.driver.drain({ member: 'a', timeoutMs: 50 }), { cut: 2 });
    assert.equal((await stuck).status, 502);
    await b.waitingRequests(1);
    assert.ok(
      !rig.events.some((event) => event.type === 'failed'),
      'a cut says nothing of the member',
    );
    rig.agent.destroy();
    await repeated.catch(() => null);
  });

  test('a taken address is told as such', async (t) => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    const rig = await startRig(t, [{ name: 'a', port: await freePort() }]);
    const taken = new ProxyDriver({
      ...rig.options,
      service: 'other',
      listen: { host: '127.0.0.1', port: address.port },
    });
    await assert.rejects(
      taken.open(),
      (error) => error instanceof AppError && error.code === 'portTaken',
    );
  });

  test('a proxy that dies is started again with the last route', async (t) => {
    const a = await startMember(t, 'a');
    const rig = await startRig(t, [a]);
    await rig.driver.route(route('a', { epoch: 3 }));
    const pid = await pidOf(rig.driver);
    process.kill(pid, 'SIGKILL');
    await rig.event('lost');
    await rig.event('restored');
    assert.equal((await ask(rig)).status, 200);
    assert.notEqual(await pidOf(rig.driver), pid);
    await assert.rejects(rig.driver.route(route('a', { epoch: 2 })), isConflict);
  });

  test('a later agent takes a running proxy over as it is, and the earlier one stands down', async (t) => {
    const a = await startMember(t, 'a');
    const rig = await startRig(t, [a]);
    await rig.driver.route(route('a', { epoch: 7 }));
    const wire = await dial(t, rig.port);
    wire.socket.write('GET /wait HTTP/1.1\r\nHost: h\r\n\r\n');
    await a.waitingRequests(1);
    const pid = await pidOf(rig.driver);
    const later = new ProxyDriver({ ...rig.options, onEvent: () => {} });
    t.after(() => later.close());
    await later.open();
    const stats = await later.stats();
    assert.deepEqual([stats.processes[0]?.pid, stats.inFlight['a']], [pid, 1]);
    await assert.rejects(later.route(route('a', { epoch: 6 })), isConflict);
    await rig.event('lost');
    await assert.rejects(rig.driver.route(route('a', { epoch: 8 })), isConflict);
  });

  test('the proxy serves on without any agent', async (t) => {
    const a = await startMember(t, 'a');
    const rig = await startRig(t, [a]);
    await rig.driver.route(route('a'));
    const pid = await pidOf(rig.driver);
    // Another agent takes the control and vanishes without a word.
    const other = connect(`${rig.options.stateDir}/proxy-shop.0.sock`);
    await once(other, 'data');
    other.destroy();
    await rig.event('lost');
    for (let turn = 0; turn < 5; turn += 1) assert.equal((await ask(rig)).status, 200);
    const later = new ProxyDriver({ ...rig.options, onEvent: () => {} });
    t.after(() => later.close());
    await later.open();
    const stats = await later.stats();
    assert.deepEqual([stats.processes[0]?.pid, stats.requests], [pid, 5]);
  });

  test('a running proxy with other options is replaced', async (t) => {
    const a = await startMember(t, 'a');
    const rig = await startRig(t, [a]);
    const pid = await pidOf(rig.driver);
    const limits = { ...rig.options.limits, holdMs: 1 };
    const later = new ProxyDriver({ ...rig.options, limits, onEvent: () => {} });
    t.after(() => later.close());
    await later.open();
    assert.notEqual(await pidOf(later), pid);
    assert.equal((await ask(rig)).status, 503);
  });

  test('the control socket is for its owner only', async (t) => {
    const rig = await startRig(t, [{ name: 'a', port: await freePort() }]);
    const { mode } = statSync(`${rig.options.stateDir}/proxy-shop.0.sock`);
    assert.equal(mode & 0o777, 0o600);
  });

  test('samples tell of requests and errors, and there are none without traffic', async (t) => {
    const a = await startMember(t, 'a');
    const rig = await startRig(t, [a]);
    await rig.driver.route(route('a'));
    await ask(rig);
    await ask(rig, { path: '/error' });
    const told = (): { requests: number; errors: number } => {
      const sum = { requests: 0, errors: 0 };
      for (const event of rig.events) {
        if (event.type !== 'sampled') continue;
        sum.requests += event.requests;
        sum.errors += event.errors;
      }
      return sum;
    };
    await until(() => told().requests === 2, 'both are told');
    assert.equal(told().errors, 1);
    assert.ok(
      rig.events.every((event) => event.type !== 'sampled' || event.requests + event.waiting > 0),
    );
  });

  test('closing ends the process and frees the address', async (t) => {
    const a = await startMember(t, 'a');
    const rig = await startRig(t, [a]);
    await rig.driver.route(route('a'));
    const pid = await pidOf(rig.driver);
    const slow = ask(rig, { path: '/slow' });
    await until(async () => (await rig.driver.stats()).inFlight['a'] === 1, 'one is in flight');
    await rig.driver.close();
    assert.equal((await slow).status, 200);
    assert.throws(() => process.kill(pid, 0));
    const server = createServer().listen(rig.port, '127.0.0.1');
    await once(server, 'listening');
    server.close();
  });
});
