import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AgentEvent } from '../agent/contract.ts';
import { AgentProcess, isWhole } from './agent-process.ts';
import { findFreePorts } from './free-ports.ts';
import { OpenLoopLoad } from './load.ts';

// The small web service of examples/web with two members, run by an agent of its own in a temporary
// folder: what the demo shows and the benches measure.

type SampleOptions = {
  readonly exclusive: boolean;
  /** Default: proxy. */
  readonly via?: 'proxy' | 'socket';
  /** Of the proxy. Default: 1. */
  readonly processes?: number;
  /** Of each member; default: the web example. */
  readonly command?: readonly string[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly onEvent: (event: AgentEvent) => void;
};

export type Sample = {
  readonly service: string;
  readonly agent: AgentProcess;
  /** Port that clients use. */
  readonly port: number;
  readonly apiPort: number;
  /** Path of its configuration. */
  readonly config: string;
  load(options: { method: 'GET' | 'POST'; ratePerSecond: number }): OpenLoopLoad;
  close(): Promise<void>;
};

/** The web example, holding so much memory beside its own. */
export function largeCommand(gib: number): readonly string[] {
  const ballast = `globalThis.ballast = Buffer.alloc(${gib} * 2 ** 30, 1);`;
  return [process.execPath, '--import', `data:text/javascript,${ballast}`, SERVER];
}

const SERVER = fileURLToPath(new URL('../../examples/web/server.js', import.meta.url));
const SERVICE = 'shop';
const REQUEST_TIMEOUT_MS = 5000;
const START_WITHIN_MS = 30_000;

/** Resolves when both members are ready and one serves. */
export async function startSample(options: SampleOptions): Promise<Sample> {
  const folder = await mkdtemp(join(tmpdir(), 'hotwarm-sample-'));
  const [port = 0, apiPort = 0, first = 0, second = 0] = await findFreePorts(4);
  const config = join(folder, 'hotwarm.yaml');
  await writeFile(config, configText({ ...options, port, apiPort, members: [first, second] }));
  const agent = new AgentProcess({
    config,
    api: { host: '127.0.0.1', port: apiPort },
    onEvent: options.onEvent,
  });
  const close = async (): Promise<void> => {
    await agent.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await agent.until(SERVICE, 'a running service', isWhole, START_WITHIN_MS);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    service: SERVICE,
    agent,
    port,
    apiPort,
    config,
    load: (load) =>
      new OpenLoopLoad({
        host: '127.0.0.1',
        port,
        path: '/',
        timeoutMs: REQUEST_TIMEOUT_MS,
        ...load,
      }),
    close,
  };
}

type ConfigValues = SampleOptions & {
  readonly port: number;
  readonly apiPort: number;
  readonly members: readonly [number, number];
};

function configText({
  exclusive,
  via = 'proxy',
  processes = 1,
  command = [process.execPath, SERVER],
  intervalMs,
  timeoutMs,
  port,
  apiPort,
  members,
}: ConfigValues): string {
  const words = JSON.stringify(command);
  const share = via === 'proxy' ? `, processes: ${processes}` : '';
  return `agent: { stateDir: ./state, api: '127.0.0.1:${apiPort}' }
services:
  ${SERVICE}:
    exclusive: ${exclusive}
    members:
      a: { command: ${words}, port: ${members[0]} }
      b: { command: ${words}, port: ${members[1]} }
    traffic: { listen: '127.0.0.1:${port}', via: ${via}${share} }
    probe: { http: /healthz, interval: ${intervalMs}ms, timeout: ${timeoutMs}ms }
    failback: { mode: manual }
`;
}
