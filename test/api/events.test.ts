import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EVENT_LIMITS } from '../../src/api/events.ts';
import { createRoutes } from '../../src/api/routes.ts';
import { FakeView } from './fake-view.ts';

function routes(limits: Partial<typeof EVENT_LIMITS>) {
  const view = new FakeView();
  const events = { ...EVENT_LIMITS, ...limits };
  return { view, app: createRoutes({ view, host: '127.0.0.1', token: null, events }) };
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
