import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { basename, dirname } from 'node:path';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { AgentView } from '../agent/contract.ts';
import { loopbackConnection, peerOwner } from '../drivers/os/peer-owner.ts';
import { listenPrivately, socketPath } from '../drivers/socket-path.ts';
import { clearPath } from '../drivers/socket-holder/unix-path.ts';
import { AppError, systemReason } from '../errors.ts';
import type { Peer } from './auth.ts';
import { Connections } from './connections.ts';
import { createRoutes } from './routes.ts';

// The API on its sockets. Limits on connections and timeouts: no client can block the agent or another client.

const MAX_CONNECTIONS = 512;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;

type ApiServer = {
  /** The actual port, if 0 was requested. */
  readonly port: number;
  close(): Promise<void>;
};

type ServerOptions = {
  readonly view: AgentView;
  readonly host: string;
  readonly port: number;
  readonly token: string | null;
  /** Path of the Unix socket for this user and root; null: none. */
  readonly socket: string | null;
  /** Receives internal errors, and the error if the Unix socket cannot be created: the API then works over TCP only. */
  readonly onDefect: (error: unknown) => void;
};

export async function startApi(options: ServerOptions): Promise<ApiServer> {
  const { view, host, port, token, socket, onDefect } = options;
  const overUnix = new WeakSet<Socket>();
  const access = { host, token, socket, peerOf: peerOver(overUnix) };
  const routes = createRoutes({ view, access, onDefect });
  const listener = getRequestListener(routes.fetch, { overrideGlobalObjects: false });
  const connections = new Connections(MAX_CONNECTIONS);
  const open = (): Server => {
    const server = createServer(
      { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
      (request, response) => void listener(request, response),
    );
    connections.watch(server);
    return server;
  };
  const tcpServer = open();
  try {
    tcpServer.listen(port, host);
    await once(tcpServer, 'listening');
  } catch (error) {
    throw listenError(error, host, port);
  }
  const servers = [tcpServer];
  if (socket !== null) {
    const unixServer = open();
    unixServer.on('connection', (connection: Socket) => overUnix.add(connection));
    if (await listenOnPath(unixServer, socket, onDefect)) servers.push(unixServer);
  }
  return {
    port: portOf(tcpServer),
    close: async () => void (await Promise.all(servers.map(close))),
  };
}

async function listenOnPath(
  server: Server,
  path: string,
  onDefect: ServerOptions['onDefect'],
): Promise<boolean> {
  try {
    await clearPath(path);
    await listenPrivately(server, socketPath(dirname(path), basename(path)));
    return true;
  } catch (error) {
    onDefect(pathError(error, path));
    return false;
  }
}

function peerOver(
  overUnix: WeakSet<Socket>,
): (context: Context<{ Bindings: HttpBindings }>) => Peer {
  return (context) => {
    const { socket } = context.env.incoming;
    if (overUnix.has(socket)) return { via: 'unix' };
    const connection = loopbackConnection(socket);
    const owner = async (): Promise<number | null> =>
      connection === null ? null : await peerOwner(connection);
    return { via: 'tcp', owner };
  };
}

/** Cuts connections instead of waiting: event streams would never end. */
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

function pathError(error: unknown, path: string): AppError {
  return new AppError(
    'portTaken',
    {
      message: {
        en: `the API cannot listen on the Unix socket ${path}`,
        zh: `API 无法监听 Unix socket ${path}`,
      },
      reason: systemReason(error),
      hint: {
        en: 'the API works over TCP; correct agent.apiSocket for the next start',
        zh: 'API 仍可通过 TCP 使用；下次启动前请修正 agent.apiSocket',
      },
    },
    { cause: error },
  );
}
