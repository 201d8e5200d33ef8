import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Access } from '../../src/api/auth.ts';
import { EVENT_LIMITS } from '../../src/api/events.ts';
import { createRoutes } from '../../src/api/routes.ts';
import { FakeView } from './fake-view.ts';

function routes(limits: Partial<typeof EVENT_LIMITS>, uid = 0) {
  const view = new FakeView();
  const events = { ...EVENT_LIMITS, ...limits };
  const access: Access = {
    host: '127.0.0.1',
    token: null,
    socket: null,
    peerOf: () => ({ via: 'tcp', owner: async () => await Promise.resolve(uid) }),
  };
  return { view, app: createRoutes({ view, access, events, onDefect: () => {} }) };
}

/** Ends the stream once the pattern was seen; the test's own time-out ends it otherwise. */
async function readUntil(response: Response, pattern: RegExp): Promise<string> {
  assert.ok(response.body !== null);
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body) {
    text += decoder.decode(chunk, { stream: true });
    if (pattern.test(text)) break;
  }
  return text;
}

test('a silent stream shows that it is alive', { timeout: 10_000 }, async () => {
  const { app } = routes({ heartbeatMs: 5 });
  const text = await readUntil(await app.request('/api/v1/events'), /(: still here\n\n){2}/);
  assert.match(text, /^retry: \d+\n\n: still here\n\n: still here\n\n/);
});

test('one client too many is refused, and its place is free after one left', async () => {
  const { app, view } = routes({ clients: 1, heartbeatMs: 5 });
  const first = await app.request('/api/v1/events');
  const second = await app.request('/api/v1/events');
  assert.equal(second.status, 503);
  const refusal = (await second.json()) as { error: { code: string } };
  assert.equal(refusal.error.code, 'unreachable');
  await readUntil(first, /still here/);
  const deadline = performance.now() + 10_000;
  let third = await app.request('/api/v1/events');
  while (third.status !== 200) {
    assert.ok(performance.now() < deadline, 'the place became free within 10 s');
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    third = await app.request('/api/v1/events');
  }
  await readUntil(third, /still here/);
  assert.ok(view.listeners.size <= 1);
});

test('a user who may only read cannot take all of the streams', async () => {
  const uid = (process.geteuid?.() ?? 0) + 1;
  const { app } = routes({ clients: 2, clientsPerUser: 1, heartbeatMs: 5 }, uid);
  const first = await app.request('/api/v1/events');
  assert.equal((await app.request('/api/v1/events')).status, 503);
  await readUntil(first, /still here/);
});

test('HEAD for the events takes no stream', async () => {
  const { app, view } = routes({ clients: 1, heartbeatMs: 5 });
  for (let count = 0; count < 3; count += 1) {
    const head = await app.request('/api/v1/events', { method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.match(head.headers.get('content-type') ?? '', /^text\/event-stream/);
  }
  assert.equal(view.listeners.size, 0);
  await readUntil(await app.request('/api/v1/events'), /still here/);
});
