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

export type Target = {
  readonly name: string;
  readonly port: number;
  /** The proxy's processes; none for the direct way. */
  readonly pids: readonly number[];
};

export type Targets = {
  readonly targets: readonly Target[];
  readonly backendPid: number;
  /** The agent and the standby, which carry no requests. */
  readonly otherPids: readonly number[];
  close(): Promise<void>;
};

const SERVICE = 'bench';
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

async function startService(closers: (() => Promise<void>)[]) {
  const folder = await mkdtemp(join(tmpdir(), 'hotwarm-bench-'));
  closers.push(() => rm(folder, { recursive: true, force: true }));
  const [listenPort = 0, api = 0, a = 0, b = 0] = await findFreePorts(4);
  const config = join(folder, 'hotwarm.yaml');
  const command = JSON.stringify([process.execPath, BACKEND]);
  await writeFile(
    config,
    `agent: { state: ./state, api: '127.0.0.1:${api}' }
services:
  ${SERVICE}:
    members:
      a: { command: ${command}, port: ${a} }
      b: { command: ${command}, port: ${b} }
    traffic: { listen: '127.0.0.1:${listenPort}' }
    probe: { http: /, interval: 100ms, timeout: 300ms }
`,
  );
  const agent = new AgentProcess({
    config,
    api: { host: '127.0.0.1', port: api },
    onNotice: () => undefined,
  });
  closers.push(() => agent.stop());
  const { members, active } = await agent.until(SERVICE, 'a service', isWhole, READY_WITHIN_MS);
  const backendPid = members[active ?? '']?.pid ?? null;
  const standbyPid = Object.entries(members).find(([name]) => name !== active)?.[1].pid ?? null;
  const proxyPid = helperOf(agent.pid, 'hotwarm-proxy');
  if (backendPid === null || standbyPid === null || proxyPid === null)
    throw new Error('the service has no server, no standby or no proxy');
  return {
    listenPort,
    backendPort: active === 'a' ? a : b,
    backendPid,
    proxyPid,
    otherPids: [agent.pid, standbyPid],
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
