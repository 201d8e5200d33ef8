import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { monotonicMs } from '../../../src/clock.ts';
import type { TrafficSample } from '../../../src/drivers/traffic/contract.ts';
import { HEAD_WAIT_MS } from '../../../src/drivers/traffic/proxy/watch.ts';
import { ask, dial, freePort, route, startMember, startRig, until, type Rig } from './rig.ts';

/** Clients that ask one thing after another until told to stop. */
function load(
  rig: Rig,
  clients: number,
  path: string,
): { stop(): Promise<{ failed: number; done: number }> } {
  const running = { yes: true };
  let failed = 0;
  let done = 0;
  const one = async (): Promise<void> => {
    while (running.yes) {
      const answer = await ask(rig, { path }).catch(() => null);
      done += 1;
      if (answer?.status !== 200) failed += 1;
    }
  };
  const all = Promise.all(Array.from({ length: clients }, one));
  return {
    async stop() {
      running.yes = false;
      await all;
      return { failed, done };
    },
  };
}

const pair = async (t: TestContext) => Promise.all([startMember(t, 'a'), startMember(t, 'b')]);

suite('when a member fails', () => {
  test('no GET fails while the active is killed under load and a fallback is authorised', async (t) => {
    const [a, b] = await pair(t);
    const rig = await startRig(t, [a, b]);
    await rig.driver.route(route('a', { fallbacks: ['b'] }));
    const clients = load(rig, 8, '/slow');
    await until(async () => (await rig.driver.stats()).requests > 50, 'some load');
    a.kill('SIGKILL');
    const fellBack = await rig.event('fellBack');
    assert.deepEqual(fellBack, { type: 'fellBack', from: 'a', to: 'b' });
    const before = (await rig.driver.stats()).requests;
    await until(
      async () => (await rig.driver.stats()).requests > before + 50,
      'load on the fallback',
    );
    const { failed } = await clients.stop();
    assert.equal(failed, 0);
    const stats = await rig.driver.stats();
    assert.equal(stats.failed, 0);
    assert.ok(stats.replayed >= 1);
    assert.equal(rig.events.filter((event) => event.type === 'fellBack').length, 1);
    assert.equal((await rig.event('failed')).member, 'a');
  });

  test('no GET fails while the active is killed without a fallback and another becomes active later', async (t) => {
    const [a, b] = await pair(t);
    const rig = await startRig(t, [a, b]);
    await rig.driver.route(route('a'));
    const clients = load(rig, 8, '/slow');
    await until(async () => (await rig.driver.stats()).requests > 50, 'some load');
    a.kill('SIGKILL');
    await rig.event('failed');
    await until(async () => (await rig.driver.stats()).heldNow === 8, 'all requests held');
    await rig.driver.route(route('b', { epoch: 2 }));
    const before = (await rig.driver.stats()).requests;
    await until(
      async () => (await rig.driver.stats()).requests > before + 50,
      'load on the new active',
    );
    assert.equal((await clients.stop()).failed, 0);
    assert.equal((await rig.driver.stats()).failed, 0);
  });

  test('requests are held until a route names an active, and then all sent', async (t) => {
    const a = await startMember(t, 'a');
    const rig = await startRig(t, [a]);
    const answers = Promise.all(
      Array.from({ length: 20 }, () => ask(rig, { method: 'POST', path: '/sum', body: 'x' })),
    );
    await until(async () => (await rig.driver.stats()).heldNow === 20, 'all are held');
    await rig.driver.route(route('a'));
    for (const answer of await answers) assert.equal(answer.status, 200);
    const stats = await rig.driver.stats();
    assert.deepEqual([stats.heldNow, stats.heldTotal, stats.failed], [0, 20, 0]);
  });

  test('requests beyond the number that may wait get 503 with Retry-After', async (t) => {
    const rig = await startRig(t, [{ name: 'a', port: await freePort() }], {
      limits: { holdRequests: 2 },
    });
    const held = [ask(rig), ask(rig)].map((one) => one.catch(() => null));
    await until(async () => (await rig.driver.stats()).heldNow === 2, 'two are held');
    const refused = await ask(rig);
    assert.deepEqual([refused.status, refused.headers['retry-after']], [503, '1']);
    assert.equal((await rig.driver.stats()).refused, 1);
    rig.agent.destroy();
    await Promise.all(held);
    await until(async () => (await rig.driver.stats()).heldNow === 0, 'gone clients wait no more');
  });

  test('requests that waited too long get 503', async (t) => {
    const rig = await startRig(t, [{ name: 'a', port: await freePort() }], {
      limits: { holdMs: 100 },
    });
    assert.equal((await ask(rig)).status, 503);
  });

  test('requests whose bodies need more room than there is get 503', async (t) => {
    const rig = await startRig(t, [{ name: 'a', port: await freePort() }], {
      limits: { holdBytes: 10_000 },
    });
    const answer = await ask(rig, { method: 'POST', body: Buffer.alloc(20_000) });
    assert.equal(answer.status, 503);
  });

  test('a POST that waits for its answer as the member dies gets 502 and is counted', async (t) => {
    const [a, b] = await pair(t);
    const rig = await startRig(t, [a, b]);
    await rig.driver.route(route('a', { fallbacks: ['b'] }));
    const answer = ask(rig, { method: 'POST', path: '/wait', body: 'x' });
    await a.waitingRequests(1);
    a.kill('SIGKILL');
    assert.equal((await answer).status, 502);
    const stats = await rig.driver.stats();
    assert.deepEqual([stats.failed, stats.replayed], [1, 0]);
  });

  test('a POST with an idempotency key is sent again with its body', async (t) => {
    const [a, b] = await pair(t);
    const rig = await startRig(t, [a, b]);
    await rig.driver.route(route('a', { fallbacks: ['b'] }));
    const answer = ask(rig, {
      method: 'POST',
      path: '/sum?x',
      headers: { 'idempotency-key': '1' },
      body: 'x',
    });
    assert.equal((await answer).status, 200);
    a.kill('SIGSTOP');
    const again = ask(rig, {
      method: 'POST',
      path: '/sum',
      headers: { 'idempotency-key': '2' },
      body: 'hello',
    });
    await until(
      async () => (await rig.driver.stats()).inFlight['a'] === 1,
      'the request is on its way',
    );
    a.kill('SIGKILL');
    const { status, member, body } = await again;
    assert.deepEqual([status, member], [200, 'b']);
    assert.equal(
      body.toString(),
      '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
    );
    assert.equal((await rig.driver.stats()).replayed, 1);
  });

  test('a POST that was never written goes to the fallback', async (t) => {
    const b = await startMember(t, 'b');
    const rig = await startRig(t, [{ name: 'a', port: await freePort() }, b]);
    await rig.driver.route(route('a', { fallbacks: ['b'] }));
    const answer = await ask(rig, { method: 'POST', path: '/sum', body: 'x' });
    assert.deepEqual([answer.status, answer.member], [200, 'b']);
    assert.equal((await rig.event('failed')).fault, 'refused');
  });

  test('a body too large to keep is not sent again', async (t) => {
    const [a, b] = await pair(t);
    const rig = await startRig(t, [a, b], { limits: { replayBytes: 1000 } });
    await rig.driver.route(route('a', { fallbacks: ['b'] }));
    const answer = ask(rig, { method: 'PUT', path: '/wait', body: Buffer.alloc(100_000) });
    await a.waitingRequests(1);
    a.kill('SIGKILL');
    assert.equal((await answer).status, 502);
  });

  test('a request that kills its reader is not sent to everybody', async (t) => {
    const members = await Promise.all(['a', 'b', 'c'].map((name) => startMember(t, name)));
    const rig = await startRig(t, members);
    await rig.driver.route(route('a', { fallbacks: ['b', 'c'] }));
    assert.equal((await ask(rig, { path: '/poison' })).status, 502);
    assert.equal((await ask(rig)).member, 'c');
    assert.equal((await rig.driver.stats()).failed, 1);
  });

  test('an answer cut short breaks the connection instead of passing for a whole one', async (t) => {
    const [a, b] = await pair(t);
    const rig = await startRig(t, [a, b]);
    await rig.driver.route(route('a', { fallbacks: ['b'] }));
    await assert.rejects(ask(rig, { path: '/half' }));
    assert.equal((await rig.driver.stats()).failed, 1);
    assert.equal((await ask(rig)).member, 'b');
  });

  test('a GET whose answer ended with its head is answered by the fallback', async (t) => {
    const [a, b] = await pair(t);
    const rig = await startRig(t, [a, b]);
    await rig.driver.route(route('a', { fallbacks: ['b'] }));
    // On a connection that has been idle, too: a head proves that the member had not closed it.
    await ask(rig);
    const idleSince = monotonicMs();
    await until(() => monotonicMs() > idleSince + 150, 'the connection was idle for a while');
    assert.equal((await ask(rig, { path: '/head' })).member, 'b');
    const { failed, replayed } = await rig.driver.stats();
    assert.deepEqual({ failed, replayed }, { failed: 0, replayed: 1 });
  });

  test('a POST whose answer ended with its head gets a 502 in place of half an answer', async (t) => {
    const [a, b] = await pair(t);
    const rig = await startRig(t, [a, b]);
    await rig.driver.route(route('a', { fallbacks: ['b'] }));
    assert.equal((await ask(rig, { method: 'POST', path: '/head', body: 'x' })).status, 502);
  });

  test('a head whose body is long in coming is not kept from the client, nor counted as late', async (t) => {
    const a = await startMember(t, 'a');
    const rig = await startRig(t, [a]);
    await rig.driver.route(route('a'));
    const wire = await dial(t, rig.port);
    wire.socket.write('GET /head-alone HTTP/1.1\r\nHost: h\r\n\r\n');
    await wire.sees(/^HTTP\/1\.1 200 OK\r\nContent-Length: 5\r\n\r\n$/);
    const samples = (): readonly TrafficSample[] =>
      rig.events.filter((event) => event.type === 'sampled');
    await until(() => samples().some(({ requests }) => requests === 1), 'it is counted');
    const [p95Ms] = samples().flatMap((sample) => sample.p95Ms ?? []);
    assert.ok(p95Ms !== undefined && p95Ms < HEAD_WAIT_MS, `${p95Ms} ms`);
  });

  test('safe requests that wait on a suspect are answered by the fallback, others wait on', async (t) => {
    const [a, b] = await pair(t);
    const rig = await startRig(t, [a, b]);
    await rig.driver.route(route('a', { fallbacks: ['b'] }));
    // Connections must exist, as nobody accepts them from a stopped process.
    await Promise.all(Array.from({ length: 4 }, () => ask(rig, { path: '/slow' })));
    a.kill('SIGSTOP');
    const gets = Promise.all([ask(rig), ask(rig)]);
    const post = ask(rig, { method: 'POST', body: 'x' });
    await until(async () => (await rig.driver.stats()).inFlight['a'] === 3, 'all wait');
    await until(
      () =>
        rig.events.some(
          (event) => event.type === 'sampled' && event.waiting === 3 && event.oldestWaitMs > 40,
        ),
      'the stall is told',
    );
    await rig.driver.route(route('a', { fallbacks: ['b'], suspects: ['a'] }));
    for (const answer of await gets) assert.equal(answer.member, 'b');
    // One that comes now is hedged after a bound.
    assert.equal((await ask(rig)).member, 'b');
    a.kill('SIGCONT');
    assert.equal((await post).member, 'a');
    const stats = await rig.driver.stats();
    assert.deepEqual([stats.hedged, stats.failed], [3, 0]);
  });

  test('idempotent requests that wait on a member that lost its role go to the new active', async (t) => {
    const [a, b] = await pair(t);
    const rig = await startRig(t, [a, b]);
    await rig.driver.route(route('a'));
    const get = ask(rig, { path: '/wait' });
    const put = ask(rig, { method: 'PUT', path: '/wait' });
    const post = ask(rig, { method: 'POST', path: '/wait', body: 'x' }).catch(() => null);
    await a.waitingRequests(3);
    await rig.driver.route(route('b', { epoch: 2 }));
    await b.waitingRequests(2);
    // The GET waits on both, the PUT only on the new one, the POST only on the old one.
    assert.deepEqual((await rig.driver.stats()).inFlight, { a: 2, b: 2 });
    rig.agent.destroy();
    await Promise.allSettled([get, put, post]);
  });

  // The kernel accepts connections for a stopped process, as it does for one whose memory it still frees.
  test('requests that wait on a member called dead fare as on a closed connection, though it accepts more', async (t) => {
    const [a, b] = await pair(t);
    const rig = await startRig(t, [a, b]);
    await rig.driver.route(route('a', { fallbacks: ['b'] }));
    // So that one of them is used again after it was idle for long enough to count as stale.
    await ask(rig);
    await new Promise((resolve) => setTimeout(resolve, 150));
    a.kill('SIGSTOP');
    const get = ask(rig);
    const put = ask(rig, { method: 'PUT', body: 'x' });
    const post = ask(rig, { method: 'POST', body: 'x' });
    await until(async () => (await rig.driver.stats()).inFlight['a'] === 3, 'all wait');
    await rig.driver.route(route('a', { fallbacks: ['b'], dead: ['a'] }));
    assert.deepEqual(
      [(await get).member, (await put).member, (await post).status],
      ['b', 'b', 502],
    );
    assert.equal((await ask(rig, { method: 'POST', body: 'x' })).member, 'b');
    assert.equal((await rig.event('fellBack')).to, 'b');
    const { failed, replayed, inFlight } = await rig.driver.stats();
    assert.deepEqual([failed, replayed, inFlight['a']], [1, 2, 0]);
  });

  test('without a fallback, requests are held rather than sent to a member called dead', async (t) => {
    const [a, b] = await pair(t);
    const rig = await startRig(t, [a, b]);
    await rig.driver.route(route('a'));
    a.kill('SIGSTOP');
    const waiting = ask(rig);
    await until(async () => (await rig.driver.stats()).inFlight['a'] === 1, 'it waits');
    await rig.driver.route(route('a', { dead: ['a'] }));
    const post = ask(rig, { method: 'POST', body: 'x' });
    await until(async () => (await rig.driver.stats()).heldNow === 2, 'both are held');
    await rig.driver.route(route('b', { epoch: 2 }));
    assert.deepEqual([(await waiting).member, (await post).member], ['b', 'b']);
    assert.equal((await rig.driver.stats()).failed, 0);
  });

  test('a dead member is used again once it accepts connections, without a new route', async (t) => {
    const [a, b] = await pair(t);
    const rig = await startRig(t, [a, b]);
    await rig.driver.route(route('a', { fallbacks: ['b'] }));
    await a.end();
    assert.equal((await ask(rig)).member, 'b');
    await startMember(t, 'a', a.port);
    await until(async () => (await ask(rig)).member === 'a', 'the restarted member serves');
  });

  test('held requests go to a member that was restarted in place', async (t) => {
    const a = await startMember(t, 'a');
    const rig = await startRig(t, [a]);
    await rig.driver.route(route('a'));
    await a.end();
    const answer = ask(rig, { method: 'POST', path: '/sum', body: 'x' });
    await until(async () => (await rig.driver.stats()).heldNow === 1, 'it is held');
    await startMember(t, 'a', a.port);
    assert.equal((await answer).status, 200);
  });

  test('patience with an answer ends in another attempt, then in 504', async (t) => {
    const [a, b] = await pair(t);
    const rig = await startRig(t, [a, b], { limits: { answerMs: 100 } });
    await rig.driver.route(route('a', { fallbacks: ['b'] }));
    assert.equal((await ask(rig, { path: '/wait' })).status, 504);
    await Promise.all([a.waitingRequests(1), b.waitingRequests(1)]);
  });
});

suite('what cannot be repeated, while its member is a suspect', () => {
  const POST = { method: 'POST', path: '/sum', body: 'x' } as const;

  test('goes to a fallback at once, on a kept connection too', async (t) => {
    const [a, b] = await pair(t);
    const rig = await startRig(t, [a, b]);
    await rig.driver.route(route('a', { fallbacks: ['b'] }));
    const wire = await dial(t, rig.port);
    const request = 'POST /sum HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx';
    wire.socket.write(request);
    await wire.sees(/x-member: a/);
    a.kill('SIGSTOP');
    await rig.driver.route(route('a', { fallbacks: ['b'], suspects: ['a'] }));
    wire.socket.write(request.repeat(2));
    await wire.sees(/x-member: b[^]*x-member: b/);
    assert.equal((await ask(rig, POST)).member, 'b');
    const stats = await rig.driver.stats();
    assert.deepEqual([stats.heldTotal, stats.hedged, stats.failed], [0, 0, 0]);
    assert.equal(rig.events.filter(({ type }) => type === 'fellBack').length, 0);
  });

  test('waits without a fallback until the suspicion is cleared, while other requests are sent', async (t) => {
    const a = await startMember(t, 'a');
    const rig = await startRig(t, [a]);
    await rig.driver.route(route('a', { suspects: ['a'] }));
    const posts = Promise.all([ask(rig, POST), ask(rig, POST)]);
    await until(async () => (await rig.driver.stats()).heldNow === 2, 'both are held');
    assert.equal((await ask(rig)).status, 200);
    const keyed = { ...POST, headers: { 'idempotency-key': '1' } };
    assert.equal((await ask(rig, keyed)).status, 200);
    assert.equal((await rig.driver.stats()).heldNow, 2);
    await rig.driver.route(route('a'));
    for (const { status } of await posts) assert.equal(status, 200);
  });

  test('waits with its turn on a pipelined connection, and goes to the new active', async (t) => {
    const [a, b] = await pair(t);
    const rig = await startRig(t, [a, b]);
    await rig.driver.route(route('a', { suspects: ['a'] }));
    const wire = await dial(t, rig.port);
    wire.socket.write(
      'POST /sum HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nxGET /none HTTP/1.1\r\nHost: h\r\n\r\n',
    );
    await until(async () => (await rig.driver.stats()).heldNow === 1, 'the first is held');
    await rig.driver.route(route('b', { epoch: 2 }));
    await wire.sees(/200 OK[^]*x-member: b[^]*204 No Content[^]*x-member: b/);
  });

  test('waits no longer than a verdict takes: a suspect that stays active is sent everything again', async (t) => {
    const a = await startMember(t, 'a');
    const rig = await startRig(t, [a]);
    await rig.driver.route(route('a', { suspects: ['a'] }));
    // A renewal of the route does not begin the wait anew.
    await rig.driver.route(route('a', { suspects: ['a'] }));
    assert.equal((await ask(rig, POST)).member, 'a');
    assert.equal((await rig.driver.stats()).heldTotal, 1);
    assert.equal((await ask(rig, POST)).member, 'a');
    assert.equal((await rig.driver.stats()).heldTotal, 1);
  });

  test('waits within the limits of the hold only', async (t) => {
    const a = await startMember(t, 'a');
    const rig = await startRig(t, [a], { limits: { holdRequests: 1, holdMs: 500 } });
    await rig.driver.route(route('a', { suspects: ['a'] }));
    const first = ask(rig, POST);
    await until(async () => (await rig.driver.stats()).heldNow === 1, 'one is held');
    assert.equal((await ask(rig, POST)).status, 503);
    assert.equal((await first).status, 503);
    assert.equal((await rig.driver.stats()).refused, 2);
  });

  test('is called back where it waits to connect as the suspicion arises', async (t) => {
    const [a, b] = await pair(t);
    const rig = await startRig(t, [a, b]);
    await rig.driver.route(route('a'));
    a.kill('SIGSTOP');
    // More than may be connecting at once: the rest was written to nobody.
    const posts = Promise.all(Array.from({ length: 40 }, () => ask(rig, POST)));
    await until(async () => (await rig.driver.stats()).inFlight['a'] === 40, 'all wait');
    await rig.driver.route(route('a', { suspects: ['a'] }));
    const { heldNow, inFlight } = await rig.driver.stats();
    assert.ok(heldNow > 0, 'some were called back');
    assert.equal(heldNow + (inFlight['a'] ?? 0), 40);
    a.kill('SIGCONT');
    await rig.driver.route(route('a'));
    for (const { status } of await posts) assert.equal(status, 200);
    assert.equal((await rig.driver.stats()).failed, 0);
  });
});

suite('the lease', () => {
  test('past its end nothing is forwarded and tunnels are cut, until a newer route', async (t) => {
    const a = await startMember(t, 'a');
    const rig = await startRig(t, [a]);
    await rig.driver.route(route('a', { leaseUntil: monotonicMs() + 400 }));
    const wire = await dial(t, rig.port);
    wire.socket.write(
      'GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nping',
    );
    await wire.sees(/101[^]*ping/);
    const posted = ask(rig, { method: 'POST', path: '/wait', body: 'x' });
    const got = ask(rig, { path: '/slow' });
    assert.equal((await got).status, 200);
    await wire.closed();
    assert.equal((await posted).status, 502);
    const late = ask(rig);
    await until(async () => (await rig.driver.stats()).heldNow === 1, 'it is held');
    assert.equal((await rig.driver.stats()).inFlight['a'], 0);
    await rig.driver.route(route('a', { leaseUntil: monotonicMs() + 60_000 }));
    assert.equal((await late).status, 200);
  });

  test('a renewal in time changes nothing for requests under way', async (t) => {
    const a = await startMember(t, 'a');
    const rig = await startRig(t, [a]);
    for (let renewal = 0; renewal < 5; renewal += 1) {
      await rig.driver.route(route('a', { leaseUntil: monotonicMs() + 2000 }));
      assert.equal((await ask(rig, { path: '/slow' })).status, 200);
    }
    assert.equal((await rig.driver.stats()).heldTotal, 0);
  });
});
