import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { suite, test, type TestContext } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { monotonicMs } from '../../../src/clock.ts';
import { OpenLoopLoad } from '../../../src/drill/load.ts';
import { isLive, readProcessStat } from '../../../src/drivers/os/proc.ts';
import type { ProcessChange } from '../../../src/drivers/traffic/contract.ts';
import { ProxyDriver } from '../../../src/drivers/traffic/proxy.ts';
import { makePair } from './certificates.ts';
import {
  ask,
  dial,
  pidOf,
  route,
  startMember,
  startRig,
  until,
  type Rig,
  type Wire,
} from './rig.ts';

// The processes of the data plane as processes: killed, stopped, several at once. Their address outlives them.

function news(rig: Rig): readonly ProcessChange[] {
  return rig.events.flatMap((event) => (event.type === 'process' ? [event] : []));
}

async function untilChange<Change extends ProcessChange['change']>(
  rig: Rig,
  change: Change,
): Promise<Extract<ProcessChange, { change: Change }>> {
  const isWanted = (one: ProcessChange): one is Extract<ProcessChange, { change: Change }> =>
    one.change === change;
  await until(() => news(rig).some(isWanted), `a process has ${change}`);
  return news(rig).find(isWanted)!;
}

function startLoad(t: TestContext, rig: Rig, method: 'GET' | 'POST' = 'GET'): OpenLoopLoad {
  const load = new OpenLoopLoad({
    host: '127.0.0.1',
    port: rig.port,
    path: '/slow',
    method,
    ratePerSecond: 200,
    timeoutMs: 9000,
  });
  t.after(async () => await load.stop());
  load.start();
  return load;
}

async function untilServed(load: OpenLoopLoad, more: number): Promise<void> {
  const target = load.completions.length + more;
  await until(() => load.completions.length >= target, `${more} more requests are served`);
}

/** Whether it can still do anything: one that its parent has not waited for cannot. */
function isAlive(pid: number): boolean {
  const stat = readProcessStat(pid);
  return stat !== null && isLive(stat);
}

/** A member in this process that notes when each request came. */
async function notingMember(
  t: TestContext,
  handle: (response: ServerResponse) => void = (response) => response.end('ok'),
): Promise<{ readonly name: string; readonly port: number; readonly arrivals: number[] }> {
  const arrivals: number[] = [];
  const server = createServer((_request, response) => {
    arrivals.push(monotonicMs());
    handle(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return { name: 'a', port: address.port, arrivals };
}

/** Connections of which each process has some. */
async function spread(t: TestContext, rig: Rig): Promise<readonly Wire[]> {
  const wires: Wire[] = [];
  await until(async () => {
    wires.push(...(await Promise.all(Array.from({ length: 10 }, () => dial(t, rig.port)))));
    const { processes, connections } = await rig.driver.stats();
    return connections === wires.length && processes.every((one) => one.connections > 2);
  }, 'each process has connections');
  return wires;
}

const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';

suite('a proxy process that is killed under load', () => {
  for (const processes of [1, 2]) {
    test(`refuses no connection, and only what it had under way is lost, ${processes} of them`, async (t) => {
      const a = await startMember(t, 'a');
      const rig = await startRig(t, [a], { processes });
      await rig.driver.route(route('a'));
      const load = startLoad(t, rig);
      await untilServed(load, 50);
      const pid = await pidOf(rig.driver);
      process.kill(pid, 'SIGKILL');
      const ended = await untilChange(rig, 'ended');
      const { losses } = await rig.driver.stats();
      await untilChange(rig, 'started');
      await untilServed(load, 50);
      await load.stop();
      t.diagnostic(
        `${load.failures.length} of ${load.sent} requests failed; longest gap ${load.longestGapMs(load.completions[0]?.at ?? 0, load.completions.at(-1)?.at ?? 0).toFixed(0)} ms; stated: ${JSON.stringify(ended.lost)}`,
      );
      const reasons = load.failures.map(({ reason }) => reason);
      assert.deepEqual(
        reasons.filter((reason) => reason.includes('REFUSED')),
        [],
      );
      // At 200 a second for 20 ms each some four are under way; a busy machine may let more pile up.
      assert.ok(load.failures.length < 40, reasons.join('\n'));
      assert.equal(ended.pid, pid);
      assert.equal(losses.processes, 1);
      assert.notEqual(await pidOf(rig.driver), pid);
      const told = rig.events.map(({ type }) => type).filter((type) => /lost|restored/.test(type));
      assert.deepEqual(told, processes === 1 ? ['lost', 'restored'] : [], 'the others serve');
    });
  }

  test('is told of with what it had, and counted', async (t) => {
    const waiting: ServerResponse[] = [];
    const a = await notingMember(t, (response) => waiting.push(response));
    const rig = await startRig(t, [a]);
    await rig.driver.route(route('a'));
    const wires = await Promise.all(Array.from({ length: 5 }, () => dial(t, rig.port)));
    for (const { socket } of wires.slice(2)) socket.write(GET);
    await until(() => waiting.length === 3, 'three wait on the member');
    await until(async () => (await rig.driver.stats()).connections === 5, 'all are accepted');
    process.kill(await pidOf(rig.driver), 'SIGKILL');
    const { lost } = await untilChange(rig, 'ended');
    assert.deepEqual(lost, { connections: 5, requests: 3 });
    await untilChange(rig, 'started');
    assert.deepEqual((await rig.driver.stats()).losses, { processes: 1, ...lost });
  });

  test('keeps a connection that comes while it is away, with TLS too', async (t) => {
    const pair = makePair(t, 'shop.test');
    const { certFile, keyFile } = pair;
    const a = await startMember(t, 'a');
    const rig = await startRig(t, [a], { tls: { certFile, keyFile, minVersion: 'TLSv1.2' } });
    await rig.driver.route(route('a'));
    process.kill(await pidOf(rig.driver), 'SIGKILL');
    await untilChange(rig, 'ended');
    const client = connectTls({ port: rig.port, servername: 'shop.test', ca: pair.cert });
    t.after(() => client.destroy());
    let text = '';
    client.setEncoding('latin1').on('data', (piece: string) => (text += piece));
    client.write(GET);
    await until(() => text.startsWith('HTTP/1.1 200'), 'it is served');
  });

  test('leaves the queue of its address as long as before', async (t) => {
    const rig = await startRig(t, [await startMember(t, 'a')]);
    const queue = (): string | undefined =>
      execFileSync('ss', ['-Hltn', `sport = :${rig.port}`], { encoding: 'utf8' }).split(/\s+/)[2];
    assert.equal(queue(), '4096');
    process.kill(await pidOf(rig.driver), 'SIGKILL');
    await untilChange(rig, 'started');
    assert.equal(queue(), '4096');
  });
});

suite('a proxy process that hangs', () => {
  test('is killed and replaced without any order, and whoever waited is served', async (t) => {
    const a = await startMember(t, 'a');
    const rig = await startRig(t, [a]);
    await rig.driver.route(route('a'));
    const pid = await pidOf(rig.driver);
    process.kill(pid, 'SIGSTOP');
    const wire = await dial(t, rig.port);
    wire.socket.write(GET);
    const hung = await untilChange(rig, 'hung');
    assert.equal(hung.pid, pid);
    await wire.sees(/^HTTP\/1\.1 200/);
    assert.ok(!isAlive(pid));
  });

  test('is left alone when it goes on in time', async (t) => {
    const a = await startMember(t, 'a');
    const rig = await startRig(t, [a]);
    await rig.driver.route(route('a'));
    const pid = await pidOf(rig.driver);
    process.kill(pid, 'SIGSTOP');
    const asked = ask(rig);
    const goOn = setTimeout(() => process.kill(pid, 'SIGCONT'), 1000);
    t.after(() => clearTimeout(goOn));
    assert.equal((await asked).status, 200);
    assert.equal(await pidOf(rig.driver), pid);
    assert.deepEqual(news(rig), []);
  });

  test('holds up a route until it is proved dead, and forwards by the old one no more', async (t) => {
    const [a, b] = await Promise.all([startMember(t, 'a'), startMember(t, 'b')]);
    const rig = await startRig(t, [a, b], { processes: 2 });
    await rig.driver.route(route('a'));
    const wires = await spread(t, rig);
    const pid = await pidOf(rig.driver, 1);
    process.kill(pid, 'SIGSTOP');
    for (const { socket } of wires) socket.write(GET);
    await rig.driver.route(route('b', { epoch: 2 }));
    assert.ok(!isAlive(pid), 'it is gone once the route is in force');
    const load = startLoad(t, rig);
    await untilServed(load, 20);
    await load.stop();
    assert.deepEqual(load.failures, []);
    assert.equal((await ask(rig)).member, 'b');
    await untilChange(rig, 'started');
    const answered = wires.filter((wire) => wire.text().startsWith('HTTP/1.1 200'));
    assert.ok(answered.length > 0 && answered.length < wires.length, 'those of the other');
  });
});

suite('several proxy processes', () => {
  test('obey a route under load without an error', async (t) => {
    const [a, b] = await Promise.all([startMember(t, 'a'), startMember(t, 'b')]);
    const rig = await startRig(t, [a, b], { processes: 3 });
    await rig.driver.route(route('a'));
    const wires = await spread(t, rig);
    const load = startLoad(t, rig, 'POST');
    for (let epoch = 2; epoch < 12; epoch += 1) {
      const [to, from] = epoch % 2 === 0 ? ['b', 'a'] : ['a', 'b'];
      await rig.driver.route(route(to, { epoch }));
      await rig.driver.drain({ member: from, timeoutMs: 5000 });
      // Every process has it: one request on each connection.
      const seen = wires.map((wire) => wire.text().length);
      for (const { socket } of wires) socket.write(GET);
      await until(
        () => wires.every((wire, index) => wire.text().length > (seen[index] ?? 0)),
        'all are answered',
      );
      for (const [index, wire] of wires.entries())
        assert.match(wire.text().slice(seen[index]), new RegExp(`x-member: ${to}`, 'i'));
    }
    await untilServed(load, 20);
    await load.stop();
    assert.deepEqual(load.failures, []);
  });

  test('drain a member together', async (t) => {
    const waiting: ServerResponse[] = [];
    const a = await notingMember(t, (response) => waiting.push(response));
    const rig = await startRig(t, [a], { processes: 2 });
    await rig.driver.route(route('a'));
    const wires = await spread(t, rig);
    for (const { socket } of wires)
      socket.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx');
    await until(() => waiting.length === wires.length, 'all wait on the member');
    await rig.driver.route(route(null, { epoch: 2 }));
    const { inFlight, processes } = await rig.driver.stats();
    assert.equal(inFlight['a'], wires.length);
    assert.equal(processes.length, 2);
    assert.deepEqual(await rig.driver.drain({ member: 'a', timeoutMs: 50 }), {
      cut: wires.length,
    });
    for (const wire of wires) await wire.sees(/^HTTP\/1\.1 502/);
  });

  test('forward nothing beyond a lease, though one is stopped while it ends', async (t) => {
    const a = await notingMember(t);
    const rig = await startRig(t, [a], { processes: 2 });
    await rig.driver.route(route('a'));
    const wires = await spread(t, rig);
    const pid = await pidOf(rig.driver, 1);
    const leaseUntil = monotonicMs() + 300;
    await rig.driver.route(route('a', { epoch: 2, leaseUntil }));
    process.kill(pid, 'SIGSTOP');
    for (const { socket } of wires) socket.write(GET);
    await until(() => monotonicMs() > leaseUntil, 'the lease has ended');
    process.kill(pid, 'SIGCONT');
    await until(async () => {
      const { heldNow } = await rig.driver.stats();
      const answered = wires.filter((wire) => wire.text() !== '').length;
      return heldNow > 0 && heldNow + answered === wires.length;
    }, 'those of the stopped one are held');
    assert.ok(a.arrivals.length > 0, 'the other one served');
    assert.deepEqual(
      a.arrivals.filter((at) => at > leaseUntil),
      [],
    );
    await rig.driver.route(route('a', { epoch: 3, leaseUntil: monotonicMs() + 60_000 }));
    for (const wire of wires) await wire.sees(/^HTTP\/1\.1 200/);
  });

  test('share the number of connections', async (t) => {
    const a = await startMember(t, 'a');
    const rig = await startRig(t, [a], { processes: 2, clients: { connections: 2 } });
    await rig.driver.route(route('a'));
    const sockets = Array.from({ length: 20 }, () =>
      connect(rig.port, '127.0.0.1').on('error', () => {}),
    );
    t.after(() => sockets.forEach((socket) => socket.destroy()));
    await until(async () => {
      const { connections, refused } = await rig.driver.stats();
      assert.ok(connections <= 2, `${connections} are open`);
      return connections + refused === 20;
    }, 'all have come');
  });

  test('are all taken over by a later agent, and one that wants fewer ends the others', async (t) => {
    const a = await startMember(t, 'a');
    const rig = await startRig(t, [a], { processes: 2 });
    await rig.driver.route(route('a', { epoch: 4 }));
    const pids = [await pidOf(rig.driver, 0), await pidOf(rig.driver, 1)];
    rig.driver.leave();
    const later = new ProxyDriver({ ...rig.options, onEvent: () => {} });
    await later.open();
    assert.deepEqual([await pidOf(later, 0), await pidOf(later, 1)], pids);
    assert.equal((await ask(rig)).status, 200);
    later.leave();
    const last = new ProxyDriver({ ...rig.options, processes: 1, onEvent: () => {} });
    t.after(async () => await last.close());
    await last.open();
    assert.deepEqual(pids.map(isAlive), [false, false], 'their shares have changed');
    await last.route(route('a', { epoch: 4 }));
    assert.equal((await ask(rig)).status, 200);
  });
});

suite('a socket holder that dies', () => {
  test('interrupts nobody, is told of, and is there again when a process must be made', async (t) => {
    const a = await startMember(t, 'a');
    const rig = await startRig(t, [a]);
    await rig.driver.route(route('a'));
    process.kill((await rig.socketHolder.open()).pid, 'SIGKILL');
    await untilChange(rig, 'unkept');
    assert.equal((await ask(rig)).status, 200);
    rig.agent.destroy();
    process.kill(await pidOf(rig.driver), 'SIGKILL');
    await untilChange(rig, 'started');
    assert.equal((await ask(rig)).status, 200);
  });

  test('is told of by the next agent, which takes over what serves', async (t) => {
    const a = await startMember(t, 'a');
    const rig = await startRig(t, [a]);
    await rig.driver.route(route('a'));
    const pid = await pidOf(rig.driver);
    rig.driver.leave();
    process.kill((await rig.socketHolder.open()).pid, 'SIGKILL');
    const events: ProcessChange[] = [];
    const later = new ProxyDriver({
      ...rig.options,
      onEvent: (event) => (event.type === 'process' ? events.push(event) : 0),
    });
    t.after(async () => await later.close());
    await until(async () => {
      try {
        await later.open();
        return true;
      } catch {
        return false; // The old socket holder's end is not known yet.
      }
    }, 'it is open');
    assert.equal(await pidOf(later), pid);
    assert.deepEqual(
      events.map(({ change }) => change),
      ['unkept'],
    );
  });
});
