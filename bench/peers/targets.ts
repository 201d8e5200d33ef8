import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AgentProcess, isWhole } from '../../src/drill/agent-process.ts';
import { findFreePorts } from '../../src/drill/free-ports.ts';
import { ask } from './child.ts';
import { fillPorts, HAPROXY, NGINX, startProgram, type Program } from './front.ts';
import { childrenOf, helperOf } from './processes.ts';

// What bench/proxy.ts compares: ways to one and the same server process, the active member of a service that a
// hotwarm agent runs as it always does, with probes and a hot standby.

/** A member that accepts from its service's socket, and the same process asked at its own port. */
export const SOCKET = 'hotwarm, socket';
export const SOCKET_DIRECT = "the same member's own port";

export type Target = {
  readonly name: string;
  readonly port: number;
  /** The proxy's processes; none for the direct way. */
  readonly pids: readonly number[];
};

export type Targets = {
  readonly targets: readonly Target[];
  readonly backendPid: number;
  /** The agent, the standby, and the member that serves without a proxy. */
  readonly otherPids: readonly number[];
  close(): Promise<void>;
};

const SERVICE = 'bench';
const SOCKET_SERVICE = 'socket';
const READY_WITHIN_MS = 20_000;
const BACKEND = fileURLToPath(new URL('backend.ts', import.meta.url));

const HAPROXY_CONFIG = `global
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 50s
  timeout server 50s
listen shop
  bind 127.0.0.1:$LISTEN
  server a 127.0.0.1:$A
`;

const NGINX_CONFIG = `upstream shop {
  server 127.0.0.1:$A;
  keepalive 64;
  keepalive_requests 10000000;
}
server {
  listen 127.0.0.1:$LISTEN;
  keepalive_requests 10000000;
  location / {
    proxy_pass http://shop;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
  }
}
`;

export const PROXY_CONFIGS = { HAProxy: HAPROXY_CONFIG, nginx: NGINX_CONFIG } as const;

export async function startTargets(): Promise<Targets> {
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.toReversed()) await closer();
  };
  try {
    const service = await startService(closers);
    const peers = [
      await startPeer('HAProxy', HAPROXY, service.backendPort, closers),
      await startPeer('nginx', NGINX, service.backendPort, closers),
    ];
    return {
      targets: [
        { name: 'no proxy', port: service.backendPort, pids: [] },
        { name: 'hotwarm', port: service.listenPort, pids: [service.proxyPid] },
        { name: SOCKET, port: service.socketPort, pids: [] },
        { name: SOCKET_DIRECT, port: service.socketDirectPort, pids: [] },
        ...peers,
      ],
      backendPid: service.backendPid,
      otherPids: service.otherPids,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

type Ports = {
  readonly api: number;
  readonly listen: number;
  readonly socket: number;
  readonly members: readonly number[];
};

async function findPorts(): Promise<Ports> {
  const [api = 0, listen = 0, socket = 0, ...members] = await findFreePorts(7);
  return { api, listen, socket, members };
}

function configText({ api, listen, socket, members }: Ports): string {
  const command = JSON.stringify([process.execPath, BACKEND]);
  const probe = '{ http: /, interval: 100ms, timeout: 300ms }';
  return `agent: { stateDir: ./state, api: '127.0.0.1:${api}' }
services:
  ${SERVICE}:
    members:
      a: { command: ${command}, port: ${members[0]} }
      b: { command: ${command}, port: ${members[1]} }
    traffic: { listen: '127.0.0.1:${listen}' }
    probe: ${probe}
  ${SOCKET_SERVICE}:
    members:
      a: { command: ${command}, port: ${members[2]} }
      b: { command: ${command}, port: ${members[3]}, temperature: cold }
    traffic: { listen: '127.0.0.1:${socket}', via: socket }
    probe: ${probe}
`;
}

async function startService(closers: (() => Promise<void>)[]) {
  const folder = await mkdtemp(join(tmpdir(), 'hotwarm-bench-'));
  closers.push(() => rm(folder, { recursive: true, force: true }));
  const ports = await findPorts();
  const config = join(folder, 'hotwarm.yaml');
  await writeFile(config, configText(ports));
  const agent = new AgentProcess({
    config,
    api: { host: '127.0.0.1', port: ports.api },
    onEvent: () => undefined,
  });
  closers.push(() => agent.stop());
  const proxied = await agent.until(SERVICE, 'a service', isWhole, READY_WITHIN_MS);
  const shared = await agent.until(
    SOCKET_SERVICE,
    'a service without a proxy',
    ({ members }) => members['a']?.ready === true,
    READY_WITHIN_MS,
  );
  const [backendPid, standbyPid, socketPid] = [
    proxied.members['a'],
    proxied.members['b'],
    shared.members['a'],
  ].map((member) => member?.pid ?? Number.NaN);
  const proxyPid = helperOf(agent.pid, 'hotwarm-proxy');
  const [backendPort, , socketDirectPort] = ports.members;
  if (
    proxied.active !== 'a' ||
    backendPid === undefined ||
    standbyPid === undefined ||
    socketPid === undefined ||
    proxyPid === null ||
    backendPort === undefined ||
    socketDirectPort === undefined
  )
    throw new Error('the service has no server, no standby or no proxy');
  return {
    listenPort: ports.listen,
    backendPort,
    backendPid,
    proxyPid,
    socketPort: ports.socket,
    socketDirectPort,
    otherPids: [agent.pid, standbyPid, socketPid],
  };
}

async function startPeer(
  name: keyof typeof PROXY_CONFIGS,
  program: Program,
  backendPort: number,
  closers: (() => Promise<void>)[],
): Promise<Target> {
  const [listen = 0] = await findFreePorts(1);
  const text = fillPorts(PROXY_CONFIGS[name], { listen, a: backendPort, b: backendPort });
  const peer = await startProgram(program, text);
  closers.push(() => peer.close());
  const { child } = peer;
  await child.until(async () => (await ask(listen, '/')) !== null, READY_WITHIN_MS);
  return { name, port: listen, pids: [child.pid, ...childrenOf(child.pid)] };
}
