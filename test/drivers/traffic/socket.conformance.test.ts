import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { monotonicMs } from '../../../src/clock.ts';
import { SocketHolderHandle } from '../../../src/drivers/socket-holder/handle.ts';
import { activationPipePath } from '../../../src/drivers/member/process/activation-pipe.ts';
import type { TrafficEvent } from '../../../src/drivers/traffic/contract.ts';
import { type Accept, socketAbilities } from '../../../src/drivers/traffic/socket-abilities.ts';
import { SocketDriver, socketsOf } from '../../../src/drivers/traffic/socket.ts';
import { within } from '../../eventually.ts';
import { makeBench } from '../member/support.ts';
import { trafficConformance, type TrafficSubject } from './conformance.ts';
import { freePort, until } from './rig.ts';

const SERVER = fileURLToPath(new URL('./member-server.ts', import.meta.url));
const SERVICE = 'shop';

async function makeSubject(t: TestContext, accept: Accept): Promise<TrafficSubject> {
  const stateDir = mkdtempSync(join(tmpdir(), 'hotwarm-socket-'));
  const socketHolder = new SocketHolderHandle(stateDir);
  const events: TrafficEvent[] = [];
  const port = await freePort();
  const listeners = [{ name: 'service', address: { host: '127.0.0.1', port } }];
  const pipeOf = (name: string): string => activationPipePath(stateDir, SERVICE, name);
  const ports = { a: await freePort(), b: await freePort() };
  const makeMember = (name: 'a' | 'b') =>
    makeBench([process.execPath, SERVER, name], {
      member: name,
      port: ports[name],
      stateDir,
      handed: {
        sockets: socketsOf(SERVICE, listeners, name),
        blocking: false,
        activationPipe: accept === 'onActivate' ? pipeOf(name) : null,
        backlog: 100,
      },
      sharedSockets: listeners.map(({ address }) => address),
      spawner: socketHolder,
    });
  const members = new Map([
    ['a', makeMember('a')],
    ['b', makeMember('b')],
  ]);
  const running = new Set<string>();
  const driver = new SocketDriver({
    service: SERVICE,
    listeners,
    backlog: 100,
    access: null,
    accept,
    activationPipes: new Map(
      accept === 'onActivate' ? ['a', 'b'].map((name) => [name, pipeOf(name)]) : [],
    ),
    clientsOf: (name) => members.get(name)?.driver.clients() ?? 0,
    targets: Object.entries(ports).map(([member, own]) => ({
      member,
      host: '127.0.0.1',
      port: own,
    })),
    socketHolder: async () => await socketHolder.open(),
    onEvent: (event) => events.push(event),
  });
  t.after(async () => {
    for (const bench of members.values()) await bench.dispose();
    await driver.close();
    await socketHolder.stop();
    rmSync(stateDir, { recursive: true, force: true });
  });
  await driver.open();
  return {
    driver,
    events,
    // Clients wait in the backlog until it accepts.
    start: async (name) => {
      if (running.has(name)) return;
      running.add(name);
      await members.get(name)?.driver.start({ capacity: 'full', signal: within() });
    },
    kill: async (name) => {
      running.delete(name);
      await members.get(name)?.driver.kill({ signal: within() });
    },
    hang: async (name) => await members.get(name)?.driver.freeze({ signal: within() }),
    request: () => answerOf(port),
    waitsFor: async () => {
      throw new TypeError('a socket does not see requests');
    },
    settle: (promise) => promise,
    now: monotonicMs,
    pass: (instant) => until(() => monotonicMs() > instant, 'the time has passed'),
    until,
  };
}

/** Which member answered; null: the connection was refused, or ended without an answer. */
function answerOf(port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, agent: false }, (response) => {
      response.resume();
      response.on('end', () => resolve(String(response.headers['x-member'])));
    });
    request.on('error', () => resolve(null));
  });
}

for (const accept of ['start', 'onActivate'] as const)
  trafficConformance(`a socket, accept: ${accept}`, socketAbilities(accept), (t) =>
    makeSubject(t, accept),
  );
