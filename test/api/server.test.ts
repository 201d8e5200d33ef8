import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientRequest, get, type IncomingMessage } from 'node:http';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AgentEvent } from '../../src/agent/contract.ts';
import { startApi } from '../../src/api/server.ts';
import { FakeView, makeAgentEvent } from './fake-view.ts';
import { eventually } from '../eventually.ts';

async function withApi(body: (view: FakeView, port: number) => Promise<void>): Promise<void> {
  const view = new FakeView();
  const api = await startApi({ view, host: '127.0.0.1', port: 0, token: null });
  try {
    await body(view, api.port);
  } finally {
    await api.close();
  }
}

type Stream = { readonly request: ClientRequest; readonly response: IncomingMessage };

async function openStream(port: number, lastId: number | null): Promise<Stream> {
  const headers = lastId === null ? {} : { 'last-event-id': String(lastId) };
  const request = get({ host: '127.0.0.1', port, path: '/api/v1/events', headers, agent: false });
  // Its end by the server is what some of these tests wait for.
  request.on('error', () => {});
  const response = await new Promise<IncomingMessage>((resolve) => {
    request.once('response', resolve);
  });
  response.on('error', () => {});
  return { request, response };
}

async function readUntil(stream: Stream, pattern: RegExp): Promise<string> {
  let text = '';
  for await (const chunk of stream.response) {
    text += String(chunk);
    if (pattern.test(text)) return text;
  }
  throw new Error(`the stream ended before ${pattern}: ${text}`);
}

/** Being cut off is an error to the client too, which is expected here. */
async function closing({ response }: Stream): Promise<void> {
  return new Promise((resolve) => {
    response.once('close', resolve);
  });
}

async function until(condition: () => boolean): Promise<void> {
  await eventually('the condition holds', condition);
}

function idsOf(text: string): number[] {
  return [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
}

test('answers on the port that it got', async () => {
  await withApi(async (_view, port) => {
    const response = await fetch(`http://127.0.0.1:${port}/get_status`);
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), { status: 'OK', active: 'a', epoch: 3 });
  });
});

test('a port that is taken is named in the error', async () => {
  const taken = createServer();
  taken.listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const address = taken.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  try {
    await assert.rejects(
      startApi({ view: new FakeView(), host: '127.0.0.1', port, token: null }),
      (error: Error & { code: string }) =>
        error.code === 'portTaken' && error.message.includes(String(port)),
    );
  } finally {
    taken.close();
    await once(taken, 'close');
  }
});

test('events arrive as they happen, from the moment of asking', async () => {
  await withApi(async (view, port) => {
    view.publish(makeAgentEvent(1));
    const stream = await openStream(port, null);
    await until(() => view.listeners.size === 1);
    view.publish(makeAgentEvent(2));
    view.publish(makeAgentEvent(3));
    const text = await readUntil(stream, /id: 3\n\n/);
    assert.deepEqual(idsOf(text), [2, 3]);
    assert.match(text, /event: status\ndata: \{"wallMs":\d+,"service":"shop"/);
    stream.request.destroy();
    await until(() => view.listeners.size === 0);
  });
});

test('a client that comes back gets what it missed and then what follows, once each', async () => {
  await withApi(async (view, port) => {
    for (let id = 1; id <= 5; id += 1) view.publish(makeAgentEvent(id));
    const stream = await openStream(port, 2);
    await until(() => view.listeners.size === 1);
    view.publish(makeAgentEvent(6));
    const text = await readUntil(stream, /id: 6\n\n/);
    assert.deepEqual(idsOf(text), [3, 4, 5, 6]);
    assert.doesNotMatch(text, /event: reset/);
    stream.request.destroy();
  });
});

test('a client that missed more than is kept is told to start anew', async () => {
  await withApi(async (view, port) => {
    for (let id = 50; id <= 52; id += 1) view.publish(makeAgentEvent(id));
    const stream = await openStream(port, 2);
    const text = await readUntil(stream, /id: 52\n\n/);
    assert.match(text, /event: reset\n/);
    assert.deepEqual(idsOf(text), [50, 51, 52]);
    stream.request.destroy();
  });
});

test('a client that does not read is cut off, and costs nothing from then on', async () => {
  await withApi(async (view, port) => {
    const stream = await openStream(port, null);
    stream.response.pause();
    await until(() => view.listeners.size === 1);
    const active = 'x'.repeat(20_000);
    const closed = closing(stream);
    for (let id = 1; view.listeners.size > 0; id += 1) {
      assert.ok(id < 100_000, 'the queue is bounded');
      const data = { phase: 'steady', active, epoch: 3, paused: false } as const;
      const event: AgentEvent = { ...makeAgentEvent(id), kind: 'status', data };
      for (const listener of view.listeners) listener(event);
      await nextTurn();
    }
    stream.response.resume();
    await closed;
  });
});

test('closing ends the streams that are open', async () => {
  const view = new FakeView();
  const api = await startApi({ view, host: '127.0.0.1', port: 0, token: null });
  const stream = await openStream(api.port, null);
  stream.response.resume();
  const closed = closing(stream);
  await api.close();
  await closed;
  await until(() => view.listeners.size === 0);
});
