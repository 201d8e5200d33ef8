import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Route } from '../../../src/core/effect.ts';
import { PLAIN_TRANSPORT } from '../../../src/drivers/member-transport.ts';
import type {
  ClientLimits,
  HoldLimits,
  TrafficEvent,
  TrafficOptions,
} from '../../../src/drivers/traffic/contract.ts';
import { findFreePorts } from '../../../src/drill/free-ports.ts';
import { SocketHolderHandle } from '../../../src/drivers/socket-holder/handle.ts';
import { endOthers } from '../../../src/drivers/traffic/proxy/process.ts';
import { ProxyDriver, type ProxyDriverOptions } from '../../../src/drivers/traffic/proxy.ts';
import { eventually } from '../../eventually.ts';

// Real members, a real proxy process and clients for the tests of the data plane. Everything that is started ends
// with its test, by pid.

const WITHIN_MS = 10_000;

export type MemberProcess = {
  readonly name: string;
  readonly port: number;
  readonly child: ChildProcess;
  /** Resolves when the member has taken `count` requests that it will not answer. */
  waitingRequests(count: number): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  /** Kills it and waits for its end. */
  end(): Promise<void>;
};

export async function startMember(t: TestContext, name: string, port = 0): Promise<MemberProcess> {
  const entry = fileURLToPath(new URL('./member-server.ts', import.meta.url));
  const child = spawn(process.execPath, [entry, name, String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  let waiting = 0;
  const lines = createInterface({ input: child.stdout });
  const bound = await new Promise<number>((resolve) => {
    lines.on('line', (line) => {
      if (line === 'waiting') waiting += 1;
      else if (line.startsWith('port ')) resolve(Number(line.slice('port '.length)));
    });
  });
  return {
    name,
    port: bound,
    child,
    waitingRequests: (count) => until(() => waiting >= count, `${name} holds ${count} requests`),
    kill: (signal) => {
      child.kill(signal);
    },
    async end() {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Waits for a condition that other processes bring about. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  withinMs = WITHIN_MS,
): Promise<void> {
  await eventually(what, condition, withinMs);
}

export async function freePort(): Promise<number> {
  const [port] = await findFreePorts(1);
  assert.ok(port !== undefined);
  return port;
}

export const LIMITS: HoldLimits = {
  holdMs: 5000,
  holdRequests: 1000,
  holdBytes: 16 * 1024 * 1024,
  replayBytes: 1024 * 1024,
  attempts: 2,
  answerMs: 0,
};

export type Rig = {
  readonly driver: ProxyDriver;
  readonly options: ProxyDriverOptions;
  readonly port: number;
  readonly events: TrafficEvent[];
  readonly agent: Agent;
  readonly socketHolder: SocketHolderHandle;
  event<T extends TrafficEvent['type']>(type: T): Promise<Extract<TrafficEvent, { type: T }>>;
};

export const CLIENTS: ClientLimits = {
  connections: 10_000,
  idleMs: 75_000,
  headMs: 30_000,
  stallMs: 60_000,
};

export type RigOptions = Partial<
  Pick<TrafficOptions, 'protocol' | 'processes' | 'tls' | 'acceptHeader' | 'transport'>
> & {
  readonly limits?: Partial<HoldLimits>;
  readonly clients?: Partial<ClientLimits>;
};

export async function startRig(
  t: TestContext,
  members: readonly { readonly name: string; readonly port: number }[],
  options: RigOptions = {},
): Promise<Rig> {
  const stateDir = mkdtempSync(join(tmpdir(), 'hotwarm-proxy-'));
  const port = await freePort();
  const events: TrafficEvent[] = [];
  const socketHolder = new SocketHolderHandle(stateDir);
  const traffic: ProxyDriverOptions = {
    service: 'shop',
    listen: { host: '127.0.0.1', port },
    protocol: 'http',
    processes: 1,
    tls: null,
    acceptHeader: false,
    transport: PLAIN_TRANSPORT,
    ...options,
    targets: members.map((one) => ({ member: one.name, host: '127.0.0.1', port: one.port })),
    stateDir,
    socketHolder: async () => await socketHolder.open(),
    limits: { ...LIMITS, ...options.limits },
    clients: { ...CLIENTS, ...options.clients },
    onEvent: (event) => events.push(event),
  };
  const driver = new ProxyDriver(traffic);
  const agent = new Agent({ keepAlive: true });
  t.after(async () => {
    agent.destroy();
    await driver.close();
    // A driver that let go of its processes left them running.
    await endOthers(stateDir, 'shop', []);
    await socketHolder.stop();
    rmSync(stateDir, { recursive: true, force: true });
  });
  await driver.open();
  return {
    driver,
    socketHolder,
    options: traffic,
    port,
    events,
    agent,
    async event(type) {
      const isWanted = (
        event: TrafficEvent,
      ): event is Extract<TrafficEvent, { type: typeof type }> => event.type === type;
      await until(() => events.some(isWanted), `an event ${type}`);
      return events.find(isWanted)!;
    },
  };
}

/** The pid of the only process, or of one of several. */
export async function pidOf(driver: ProxyDriver, index = 0): Promise<number> {
  const { processes } = await driver.stats();
  const found = processes.find((one) => one.process === index);
  if (found === undefined)
    throw new Error(`process ${index} is not among ${JSON.stringify(processes)}`);
  return found.pid;
}

export function route(active: string | null, more: Partial<Route> = {}): Route {
  return { epoch: 1, active, fallbacks: [], suspects: [], dead: [], leaseUntil: null, ...more };
}

export type Answer = {
  readonly status: number;
  readonly body: Buffer;
  readonly member: string;
  readonly headers: IncomingMessage['headers'];
  readonly trailers: IncomingMessage['trailers'];
};

export type Ask = {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
};

/** One request through the proxy; rejects where the connection breaks before the answer's end. */
export function ask(rig: Rig, what: Ask = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({
      host: '127.0.0.1',
      port: rig.port,
      method: what.method ?? 'GET',
      path: what.path ?? '/',
      headers: what.headers ?? {},
      agent: rig.agent,
    });
    sent.on('error', reject);
    sent.on('response', (response) => {
      const body: Buffer[] = [];
      response.on('data', (piece: Buffer) => body.push(piece));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          body: Buffer.concat(body),
          member: String(response.headers['x-member'] ?? ''),
          headers: response.headers,
          trailers: response.trailers,
        }),
      );
    });
    sent.end(what.body);
  });
}

export type Wire = {
  readonly socket: Socket;
  text(): string;
  /** Resolves when everything received so far matches. */
  sees(pattern: RegExp): Promise<string>;
  closed(): Promise<void>;
};

/** A raw connection, for what an HTTP client would not send. */
export async function dial(t: TestContext, port: number): Promise<Wire> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  t.after(() => socket.destroy());
  let text = '';
  let over = false;
  socket.on('data', (data) => {
    text += data.toString('latin1');
  });
  socket.on('error', () => {});
  socket.on('end', () => {
    over = true;
  });
  socket.on('close', () => {
    over = true;
  });
  // A connection may also be refused or reset at once, which is for the test to judge.
  await new Promise<void>((resolve) => {
    socket.once('connect', () => resolve());
    socket.once('close', () => resolve());
  });
  return {
    socket,
    text: () => text,
    async sees(pattern) {
      await until(() => pattern.test(text), `${pattern.source} in ${JSON.stringify(text)}`);
      return text;
    },
    closed: () => until(() => over, `the end of a connection that said ${JSON.stringify(text)}`),
  };
}
