import assert from 'node:assert/strict';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { lstatSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import {
  type ClientRequest,
  get,
  type IncomingMessage,
  request as startRequest,
  type RequestOptions,
} from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AgentEvent } from '../../src/agent/contract.ts';
import { EVENT_LIMITS } from '../../src/api/events.ts';
import { startApi } from '../../src/api/server.ts';
import { failOn, FakeView, makeAgentEvent } from './fake-view.ts';
import { eventually } from '../eventually.ts';

async function withApi(
  body: (view: FakeView, port: number) => Promise<void>,
  options: { readonly socket?: string } = {},
): Promise<void> {
  const view = new FakeView();
  const socket = options.socket ?? null;
  const api = await startApi({
    view,
    host: '127.0.0.1',
    port: 0,
    token: null,
    socket,
    onDefect: failOn,
  });
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

const PAUSE = '/api/v1/services/shop/pause';

/** The status of the answer. */
async function send(options: RequestOptions, chunks: readonly string[] = []): Promise<number> {
  const sent = startRequest({ agent: false, headers: JSON_HEADERS, ...options });
  for (const chunk of chunks) sent.write(chunk);
  sent.end();
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve).once('error', reject);
  });
  response.resume();
  await once(response, 'end');
  return response.statusCode ?? 0;
}

const JSON_HEADERS = { 'content-type': 'application/json' };

test('a command needs no body, and its body needs no announced length', async () => {
  await withApi(async (view, port) => {
    const to = { host: '127.0.0.1', port, path: PAUSE, method: 'POST' };
    assert.equal(await send(to), 202);
    assert.equal(await send(to, ['{', '}']), 202);
    assert.equal(
      await send({ ...to, headers: { ...JSON_HEADERS, 'content-length': 2 } }, ['{}']),
      202,
    );
    assert.equal(view.commands.length, 3);
  });
});

test('a body over 64 KiB is refused, with or without an announced length', async () => {
  await withApi(async (view, port) => {
    const to = { host: '127.0.0.1', port, path: PAUSE, method: 'POST' };
    const large = ' '.repeat(70_000);
    assert.equal(await send(to, [large]), 400);
    const headers = { ...JSON_HEADERS, 'content-length': large.length };
    assert.equal(await send({ ...to, headers }, [large]), 400);
    assert.deepEqual(view.commands, []);
  });
});

test('HEAD for the events leaves room for streams', async () => {
  await withApi(async (view, port) => {
    const to = { host: '127.0.0.1', port, path: '/api/v1/events', method: 'HEAD' };
    for (let count = 0; count <= EVENT_LIMITS.clients; count += 1)
      assert.equal(await send(to), 200);
    const stream = await openStream(port, null);
    assert.equal(stream.response.statusCode, 200);
    await until(() => view.listeners.size === 1);
    stream.request.destroy();
  });
});

test('idle connections keep nobody out, and cut off no event stream', async () => {
  await withApi(async (view, port) => {
    const stream = await openStream(port, null);
    await until(() => view.listeners.size === 1);
    const idle = Array.from({ length: 600 }, () => connect({ host: '127.0.0.1', port }));
    try {
      await Promise.all(
        idle.map(
          async (socket) =>
            await once(
              socket.on('error', () => {}),
              'connect',
            ),
        ),
      );
      const path = '/get_status';
      assert.equal(await send({ host: '127.0.0.1', port, path, timeout: 5000 }), 200);
      assert.equal(view.listeners.size, 1);
    } finally {
      for (const socket of idle) socket.destroy();
      stream.request.destroy();
    }
  });
});

test('a process of another user may read but sends no commands', async (t) => {
  if (process.geteuid?.() !== 0) {
    t.diagnostic('only root can start a process of another user');
    return;
  }
  await withApi(async (view, port) => {
    const url = `http://127.0.0.1:${port}`;
    const script = `
      const status = (await fetch('${url}/api/v1/status')).status;
      const command = await fetch('${url}${PAUSE}', { method: 'POST', headers: ${JSON.stringify(JSON_HEADERS)}, body: '{}' });
      console.log(status, command.status);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      uid: 65_534,
      gid: 65_534,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const said = (await child.stdout.toArray()).join('');
    assert.equal(said, '200 401\n');
    assert.deepEqual(view.commands, []);
  });
});

test('the Unix socket is for its owner only, takes commands, and goes with the agent', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hotwarm-api-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'agent.sock');
  // What a killed agent leaves.
  const left = createServer().listen(path);
  await once(left, 'listening');
  renameSync(path, join(folder, 'kept'));
  left.close();
  await once(left, 'close');
  renameSync(join(folder, 'kept'), path);
  await withApi(
    async (view) => {
      assert.equal(lstatSync(path).mode & 0o777, 0o600);
      assert.equal(await send({ socketPath: path, path: PAUSE, method: 'POST' }), 202);
      assert.equal(view.commands.length, 1);
    },
    { socket: path },
  );
  assert.equal(lstatSync(path, { throwIfNoEntry: false }), undefined);
});

test('a file at the path of the Unix socket is kept and reported, and the API works over TCP', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hotwarm-api-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const socket = join(folder, 'file');
  writeFileSync(socket, 'precious');
  const reported: unknown[] = [];
  const onDefect = (error: unknown): void => void reported.push(error);
  const view = new FakeView();
  const api = await startApi({ view, host: '127.0.0.1', port: 0, token: null, socket, onDefect });
  try {
    assert.match(String(reported), /cannot listen on the Unix socket .*file/);
    assert.equal(await send({ host: '127.0.0.1', port: api.port, path: '/healthz' }), 200);
    assert.equal(readFileSync(socket, 'utf8'), 'precious');
  } finally {
    await api.close();
  }
});

test('a port that is taken is named in the error', async () => {
  const taken = createServer();
  taken.listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const address = taken.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  try {
    await assert.rejects(
      startApi({
        view: new FakeView(),
        host: '127.0.0.1',
        port,
        token: null,
        socket: null,
        onDefect: failOn,
      }),
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
  const api = await startApi({
    view,
    host: '127.0.0.1',
    port: 0,
    token: null,
    socket: null,
    onDefect: failOn,
  });
  const stream = await openStream(api.port, null);
  stream.response.resume();
  const closed = closing(stream);
  await api.close();
  await closed;
  await until(() => view.listeners.size === 0);
});
