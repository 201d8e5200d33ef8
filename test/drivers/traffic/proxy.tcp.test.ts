import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { suite, test, type TestContext } from 'node:test';
import { monotonicMs } from '../../../src/clock.ts';
import { dial, freePort, route, startRig, until, type MemberProcess } from './rig.ts';

const ECHO = `
  const server = require('node:net').createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    socket.write(process.argv[1] + ':');
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
`;

/** A process that greets with its name and then repeats what it hears. */
async function startEcho(
  t: TestContext,
  name: string,
): Promise<Pick<MemberProcess, 'name' | 'port' | 'child'>> {
  const child = spawn(process.execPath, ['-e', ECHO, name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const port = await new Promise<number>((resolve) => {
    child.stdout.once('data', (data: Buffer) => resolve(Number(data.toString())));
  });
  return { name, port, child };
}

suite('raw TCP', () => {
  test('connections reach the active, and half-closed ends pass', async (t) => {
    const a = await startEcho(t, 'a');
    const rig = await startRig(t, [a], { protocol: 'tcp' });
    await rig.driver.route(route('a'));
    const wire = await dial(t, rig.port);
    wire.socket.end('hello');
    await wire.closed();
    assert.equal(wire.text(), 'a:hello');
    await until(async () => (await rig.driver.stats()).inFlight['a'] === 0, 'it is over');
    assert.equal((await rig.driver.stats()).failed, 0);
  });

  test('connections are held without an active, and the rest refused beyond the limit', async (t) => {
    const a = await startEcho(t, 'a');
    const rig = await startRig(t, [a], { protocol: 'tcp', limits: { holdRequests: 2 } });
    const wires = [await dial(t, rig.port), await dial(t, rig.port)];
    await until(async () => (await rig.driver.stats()).heldNow === 2, 'two are held');
    const refused = await dial(t, rig.port);
    await refused.closed();
    await rig.driver.route(route('a'));
    for (const wire of wires) {
      wire.socket.write('x');
      await wire.sees(/^a:x$/);
    }
    assert.equal((await rig.driver.stats()).refused, 1);
  });

  test('a new connection is spared a suspect: it goes to a fallback, else it waits', async (t) => {
    const [a, b] = await Promise.all([startEcho(t, 'a'), startEcho(t, 'b')]);
    const rig = await startRig(t, [a, b], { protocol: 'tcp' });
    await rig.driver.route(route('a', { fallbacks: ['b'], suspects: ['a'] }));
    const spared = await dial(t, rig.port);
    await spared.sees(/^b:/);
    await rig.driver.route(route('a', { suspects: ['a'] }));
    const waiting = await dial(t, rig.port);
    await until(async () => (await rig.driver.stats()).heldNow === 1, 'it is held');
    await rig.driver.route(route('a'));
    await waiting.sees(/^a:/);
  });

  test('a refused connection falls back, and a death ends the pair', async (t) => {
    const b = await startEcho(t, 'b');
    const rig = await startRig(t, [{ name: 'a', port: await freePort() }, b], { protocol: 'tcp' });
    await rig.driver.route(route('a', { fallbacks: ['b'] }));
    const wire = await dial(t, rig.port);
    wire.socket.write('x');
    await wire.sees(/^b:x$/);
    assert.deepEqual(await rig.event('fellBack'), { type: 'fellBack', from: 'a', to: 'b' });
    b.child.kill('SIGKILL');
    await wire.closed();
  });

  test('the end of the lease cuts the pair and holds the next', async (t) => {
    const a = await startEcho(t, 'a');
    const rig = await startRig(t, [a], { protocol: 'tcp' });
    await rig.driver.route(route('a', { leaseUntil: monotonicMs() + 300 }));
    const wire = await dial(t, rig.port);
    await wire.sees(/^a:/);
    await wire.closed();
    const next = await dial(t, rig.port);
    await until(async () => (await rig.driver.stats()).heldNow === 1, 'it is held');
    await rig.driver.route(route('a', { leaseUntil: monotonicMs() + 60_000 }));
    await next.sees(/^a:/);
  });

  test('a drain cuts what does not end by itself', async (t) => {
    const a = await startEcho(t, 'a');
    const rig = await startRig(t, [a], { protocol: 'tcp' });
    await rig.driver.route(route('a'));
    const wire = await dial(t, rig.port);
    await wire.sees(/^a:/);
    await rig.driver.route(route(null));
    assert.deepEqual(await rig.driver.drain({ member: 'a', timeoutMs: 50 }), { cut: 1 });
    await wire.closed();
  });

  test('a large stream passes unchanged at the pace of its reader', async (t) => {
    const a = await startEcho(t, 'a');
    const rig = await startRig(t, [a], { protocol: 'tcp' });
    await rig.driver.route(route('a'));
    const wire = await dial(t, rig.port);
    wire.socket.end('y'.repeat(8 * 1024 * 1024));
    await wire.closed();
    assert.equal(wire.text().length, 'a:'.length + 8 * 1024 * 1024);
  });
});
