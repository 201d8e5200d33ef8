import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { AgentView } from '../agent/contract.ts';
import { AppError, systemReason } from '../errors.ts';
import { createRoutes } from './routes.ts';

// The API on a socket. Bounded in connections and in patience, so that no client can hold the agent up.

const MAX_CONNECTIONS = 512;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;

type ApiServer = {
  /** The one it got, where 0 was asked for. */
  readonly port: number;
  close(): Promise<void>;
};

export async function startApi(options: {
  readonly view: AgentView;
  readonly host: string;
  readonly port: number;
  readonly token: string | null;
}): Promise<ApiServer> {
  const { host, port } = options;
  const routes = createRoutes(options);
  const listener = getRequestListener(routes.fetch, { overrideGlobalObjects: false });
  const server = createServer(
    { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
    (request, response) => void listener(request, response),
  );
  server.maxConnections = MAX_CONNECTIONS;
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    throw listenError(error, host, port);
  }
  return { port: portOf(server), close: async () => close(server) };
}

/** Open event streams would keep it up for ever, so connections are cut, not waited for. */
async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function listenError(error: unknown, host: string, port: number): AppError {
  const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
  return new AppError(
    isTaken ? 'portTaken' : 'preflightFailed',
    {
      message: {
        en: `the API cannot listen on ${host}:${port}`,
        zh: `API 无法监听 ${host}:${port}`,
      },
      reason: isTaken
        ? { en: 'another process listens on this address', zh: '另一个进程正在监听该地址' }
        : systemReason(error),
      hint: {
        en: `stop that process (ss -ltnp 'sport = :${port}'), or set agent.api to another address`,
        zh: `停止该进程（ss -ltnp 'sport = :${port}'），或为 agent.api 设置其他地址`,
      },
    },
    { cause: error },
  );
}
