import type { StoredIncident } from '../agent/contract.ts';
import type { Failure } from '../api/failures.ts';
import type { BriefStatus, StatusReport } from '../api/status.ts';
import type { Refusal } from '../core/reasons.ts';
import { AppError } from '../errors.ts';

// Talks to a running agent. Whatever goes wrong comes out as an AppError: the agent's own words where it
// answered, `unreachable` where it did not.

export type Address = {
  readonly host: string;
  readonly port: number;
  readonly token: string | null;
};

export type StandingRefusal = {
  readonly service: string;
  readonly agoMs: number;
  readonly refusal: Refusal;
};

export type Command = 'switchover' | 'failover' | 'failback' | 'pause' | 'resume';

export interface Client {
  brief(): Promise<BriefStatus>;
  status(): Promise<StatusReport>;
  refusals(): Promise<readonly StandingRefusal[]>;
  incidents(options: { service: string | null; limit: number }): Promise<readonly StoredIncident[]>;
  /** null: there is none of that number. */
  incident(id: number): Promise<StoredIncident | null>;
  /** The incident that the command has opened; null where it opens none. */
  command(service: string, command: Command, to: string | null): Promise<number | null>;
}

const TIMEOUT_MS = 10_000;

export function createClient(address: Address): Client {
  return new HttpClient(address);
}

class HttpClient implements Client {
  readonly #address: Address;

  constructor(address: Address) {
    this.#address = address;
  }

  async brief(): Promise<BriefStatus> {
    const { text } = await this.#request('/get_status', { method: 'GET' });
    return JSON.parse(text);
  }

  async status(): Promise<StatusReport> {
    return JSON.parse(await this.#get('/api/v1/status'));
  }

  async refusals(): Promise<readonly StandingRefusal[]> {
    const body: { refusals: readonly StandingRefusal[] } = JSON.parse(
      await this.#get('/api/v1/refusals'),
    );
    return body.refusals;
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
    if (status >= 400) throw toError(status, text);
    return JSON.parse(text);
  }

  async command(service: string, command: Command, to: string | null): Promise<number | null> {
    const path = `/api/v1/services/${encodeURIComponent(service)}/${command}`;
    const { status, text } = await this.#request(path, {
      method: 'POST',
      body: JSON.stringify(to === null ? {} : { to }),
    });
    if (status >= 400) throw toError(status, text);
    const body: { incident: number | null } = JSON.parse(text);
    return body.incident;
  }

  async #get(path: string): Promise<string> {
    const { status, text } = await this.#request(path, { method: 'GET' });
    if (status >= 400) throw toError(status, text);
    return text;
  }

  async #request(
    path: string,
    init: { readonly method: string; readonly body?: string },
  ): Promise<{ readonly status: number; readonly text: string }> {
    const { host, port, token } = this.#address;
    const name = host.includes(':') ? `[${host}]` : host;
    const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
    try {
      const response = await fetch(`http://${name}:${port}${path}`, {
        ...init,
        headers: { 'content-type': 'application/json', ...authorization },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      return { status: response.status, text: await response.text() };
    } catch (error) {
      throw unreachable(this.#address, error);
    }
  }
}

function toError(status: number, text: string): AppError {
  try {
    const { error }: Failure = JSON.parse(text);
    return new AppError(error.code, { what: error.what, why: error.why, todo: error.todo });
  } catch (cause) {
    return new AppError(
      'unreachable',
      {
        what: 'what answers at the API address is not hotwarm',
        why: `it answered with status ${status} and a text that is not hotwarm's`,
        todo: 'see which address agent.api names, or name another one with --api',
      },
      { cause },
    );
  }
}

function unreachable({ host, port }: Address, error: unknown): AppError {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  const detail = cause instanceof Error && cause.message !== '' ? cause.message : 'no answer';
  return new AppError(
    'unreachable',
    {
      what: `no agent answers at ${host}:${port}`,
      why: detail,
      todo: 'start it with: hotwarm up, or name its address with --api HOST:PORT',
    },
    { cause: error },
  );
}
