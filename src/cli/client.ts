import { type IncomingMessage, request, type RequestOptions } from 'node:http';
import { basename, dirname } from 'node:path';
import type { StoredIncident } from '../agent/contract.ts';
import type { Failure } from '../api/failures.ts';
import type { BriefStatus, StatusReport } from '../api/status.ts';
import type { Refusal } from '../core/reasons.ts';
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
  /** Path of the agent's Unix socket, which is asked first; null: only the TCP address. */
  readonly socket: string | null;
};

export type BlockedAction = {
  readonly service: string;
  readonly agoMs: number;
  readonly reason: Refusal;
};

export type Command = 'switchover' | 'failover' | 'failback' | 'pause' | 'resume';

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
  return new HttpClient(address);
}

class HttpClient implements Client {
  readonly #address: Address;
  readonly #socketPath: string | null;

  constructor(address: Address) {
    this.#address = address;
    this.#socketPath = address.socket === null ? null : reachablePath(address.socket);
  }

  async brief(): Promise<BriefStatus> {
    const { text } = await this.#request('/status', { method: 'GET' });
    return JSON.parse(text);
  }

  async status(): Promise<StatusReport> {
    return JSON.parse(await this.#get('/api/v1/status'));
  }

  async blocked(): Promise<readonly BlockedAction[]> {
    const body: { blocked: readonly BlockedAction[] } = JSON.parse(
      await this.#get('/api/v1/blocked'),
    );
    return body.blocked;
  }

  async incidents(options: {
    service: string | null;
    limit: number;
  }): Promise<readonly StoredIncident[]> {
    const query = new URLSearchParams({ limit: String(options.limit) });
    if (options.service !== null) query.set('service', options.service);
    const text = await this.#get(`/api/v1/incidents?${query.toString()}`);
    const body: { incidents: readonly StoredIncident[] } = JSON.parse(text);
    return body.incidents;
  }

  async incident(id: number): Promise<StoredIncident | null> {
    const { status, text } = await this.#request(`/api/v1/incidents/${id}`, { method: 'GET' });
    if (status === 404) return null;
    if (status >= 400) throw toError(this.#address, status, text);
    return JSON.parse(text);
  }

  async command(service: string, command: Command, to: string | null): Promise<number | null> {
    const path = `/api/v1/services/${encodeURIComponent(service)}/${command}`;
    const { status, text } = await this.#request(path, {
      method: 'POST',
      body: JSON.stringify(to === null ? {} : { to }),
    });
    if (status >= 400) throw toError(this.#address, status, text);
    const body: { incident: number | null } = JSON.parse(text);
    return body.incident;
  }

  async #get(path: string): Promise<string> {
    const { status, text } = await this.#request(path, { method: 'GET' });
    if (status >= 400) throw toError(this.#address, status, text);
    return text;
  }

  async #request(path: string, call: Call): Promise<Reply> {
    const { token, host, port } = this.#address;
    const socketPath = this.#socketPath;
    const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
    const options: RequestOptions = {
      path,
      method: call.method,
      headers: { 'content-type': 'application/json', ...authorization },
      agent: false,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    };
    try {
      if (socketPath !== null) {
        const reply = await send({ ...options, socketPath }, call.body).catch(nullIfClosed);
        if (reply !== null) return reply;
      }
      return await send({ ...options, host, port }, call.body);
    } catch (error) {
      throw unreachable(this.#address, error);
    }
  }
}

type Call = { readonly method: string; readonly body?: string };
type Reply = { readonly status: number; readonly text: string };

async function send(options: RequestOptions, body: string | undefined): Promise<Reply> {
  const sent = request(options);
  sent.end(body);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve).on('error', reject);
  });
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') };
}

/** null: the path is long and its directory cannot be opened. */
function reachablePath(socket: string): string | null {
  try {
    return pathForSocket(dirname(socket), basename(socket));
  } catch {
    return null;
  }
}

/** No request was sent: there is no socket, no process listens, or it is another user's. Throws every other error. */
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
