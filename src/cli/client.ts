import { type IncomingMessage, request, type RequestOptions } from 'node:http';
import { basename, dirname } from 'node:path';
import { hc } from 'hono/client';
import type { StoredIncident } from '../agent/contract.ts';
import type { Failure } from '../api/failures.ts';
import type { ApiRoutes, BlockedAction, Command } from '../api/routes.ts';
import type { BriefStatus, StatusReport } from '../api/status.ts';
import type { Text } from '../core/describe/language.ts';
import { errorCode } from '../drivers/os/proc.ts';
import { socketPath as pathForSocket } from '../drivers/socket-path.ts';
import { AppError, systemReason } from '../errors.ts';

// HTTP client of a running agent. Every failure is an AppError: the agent's own error if it responded, otherwise
// `unreachable`.

export type Address = {
  readonly host: string;
  readonly port: number;
  readonly token: string | null;
  /** Path of the agent's Unix socket, which is tried first; null: TCP only. */
  readonly socket: string | null;
};

export interface Client {
  brief(): Promise<BriefStatus>;
  status(): Promise<StatusReport>;
  blocked(): Promise<readonly BlockedAction[]>;
  incidents(options: { service: string | null; limit: number }): Promise<readonly StoredIncident[]>;
  /** null: no such incident. */
  incident(id: number): Promise<StoredIncident | null>;
  /** The incident of the command; null: the command opens none. */
  command(service: string, command: Command, to: string | null): Promise<number | null>;
}

const TIMEOUT_MS = 10_000;

export function createClient(address: Address): Client {
  const { token } = address;
  const { status, api } = hc<ApiRoutes>(`http://${shown(address)}`, {
    fetch: fetchOver(address),
    headers: token === null ? {} : { authorization: `Bearer ${token}` },
  });
  const ok = async <Sent extends Answer>(sent: Promise<Sent>): Promise<Succeeded<Sent>> => {
    const response = await sent;
    if (hasSucceeded(response)) return response;
    throw toError(address, response.status, await response.text());
  };
  return {
    brief: async () => await (await status.$get()).json(),
    status: async () => await (await ok(api.v1.status.$get())).json(),
    blocked: async () => (await (await ok(api.v1.blocked.$get())).json()).blocked,
    incidents: async ({ service, limit }) => {
      const query = { limit: `${limit}`, ...(service === null ? {} : { service }) };
      return (await (await ok(api.v1.incidents.$get({ query }))).json()).incidents;
    },
    incident: async (id) => {
      const sent = api.v1.incidents[':id'].$get({ param: { id: `${id}` } });
      return (await sent).status === 404 ? null : await (await ok(sent)).json();
    },
    command: async (name, command, to) => {
      const json = to === null ? {} : { to };
      const sent = api.v1.services[':name'][':command'].$post({ param: { name, command }, json });
      return (await (await ok(sent)).json()).incident;
    },
  };
}

type Answer = Pick<Response, 'ok' | 'status' | 'text'>;
type Succeeded<Sent> = Exclude<Sent, { readonly ok: false }>;

function hasSucceeded<Sent extends Answer>(response: Sent): response is Succeeded<Sent> & Sent {
  return response.ok;
}

/** Over the Unix socket, or over TCP if it is closed. Throws AppError unreachable. */
function fetchOver(address: Address): typeof fetch {
  const { host, port, socket } = address;
  const socketPath = socket === null ? null : reachablePath(socket);
  return async (input, init) => {
    const asked = new Request(input, init);
    const { pathname, search } = new URL(asked.url);
    const body = await asked.text();
    const options: RequestOptions = {
      path: pathname + search,
      method: asked.method,
      headers: Object.fromEntries(asked.headers),
      agent: false,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    };
    try {
      if (socketPath !== null) {
        const response = await send({ ...options, socketPath }, body).catch(nullIfClosed);
        if (response !== null) return response;
      }
      return await send({ ...options, host, port }, body);
    } catch (error) {
      throw unreachable(address, error);
    }
  };
}

async function send(options: RequestOptions, body: string): Promise<Response> {
  const sent = request(options);
  sent.end(body);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve).on('error', reject);
  });
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return new Response(Buffer.concat(chunks), { status: response.statusCode ?? 500 });
}

/** null: the path is long and its directory cannot be opened. */
function reachablePath(socket: string): string | null {
  try {
    return pathForSocket(dirname(socket), basename(socket));
  } catch {
    return null;
  }
}

/** null: no request was sent, because there is no socket, no process listens, or it belongs to another user. Throws other errors. */
function nullIfClosed(error: unknown): null {
  if (CLOSED.has(errorCode(error) ?? '')) return null;
  throw error;
}

const CLOSED: ReadonlySet<string> = new Set([
  'ENOENT',
  'ENOTDIR',
  'ECONNREFUSED',
  'EACCES',
  'EPERM',
  'ENOTSOCK',
]);

function toError(address: Address, status: number, body: string): AppError {
  try {
    const { error }: Failure = JSON.parse(body);
    const text = (key: 'message' | 'reason' | 'hint'): Text => ({
      en: error[key],
      zh: error.zh[key],
    });
    return new AppError(error.code, {
      message: text('message'),
      reason: text('reason'),
      hint: text('hint'),
    });
  } catch (cause) {
    return new AppError(
      'unreachable',
      {
        message: {
          en: `the server at ${shown(address)} is not a hotwarm agent`,
          zh: `${shown(address)} 上的服务器不是 hotwarm agent`,
        },
        reason: {
          en: `it responded with status ${status} and an unknown body`,
          zh: `它返回状态码 ${status} 和无法识别的内容`,
        },
        hint: {
          en: 'check agent.api in the configuration, or use --api HOST:PORT',
          zh: '检查配置中的 agent.api，或用 --api HOST:PORT 指定地址',
        },
      },
      { cause },
    );
  }
}

function shown({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function unreachable(address: Address, error: unknown): AppError {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return new AppError(
    'unreachable',
    {
      message: {
        en: `cannot reach the agent at ${shown(address)}`,
        zh: `无法连接 ${shown(address)} 上的 agent`,
      },
      reason:
        cause instanceof Error && cause.message !== ''
          ? systemReason(cause)
          : { en: 'no response', zh: '无响应' },
      hint: {
        en: 'start the agent with: hotwarm up, or give its address with --api HOST:PORT',
        zh: '启动 agent：hotwarm up，或用 --api HOST:PORT 指定其地址',
      },
    },
    { cause: error },
  );
}
