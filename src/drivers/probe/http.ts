import { isIPv6 } from 'node:net';
import { monotonicMs } from '../../clock.ts';
import { assert } from '../../core/assert.ts';
import type { ProbeAnswer } from '../../core/event.ts';
import type { Probe } from './contract.ts';
import { HttpConnection, type Reply } from './http-connection.ts';
import { timedOut } from './socket-fault.ts';
import type { ProbeTarget } from './spec.ts';

// One GET. Healthy is a whole answer with an expected status in time; redirects are an answer like any other
// and are not followed. Routine looks share a kept connection, which costs less than a new one. A server may
// close a kept connection at the very moment it is used, which says nothing about its health, so such a look
// is repeated once on a new connection.
// Not on node:http: at ten looks a second it takes three times the CPU (bench/probe-cost.ts), and this cost is
// paid for each member on every host, all the time.
// Not guaranteed: that anything but the handler of this path works.

const STATUS_TEXT_LIMIT = 100;

type HttpProbeOptions = {
  readonly target: ProbeTarget;
  readonly path: string;
  /** null: 200 to 399. */
  readonly expect: readonly number[] | null;
};

export function createHttpProbe(options: HttpProbeOptions): Probe {
  return new HttpProbe(options);
}

class HttpProbe implements Probe {
  readonly channel = 'http';
  readonly #options: HttpProbeOptions;
  readonly #request: { readonly keep: string; readonly close: string };
  readonly #open = new Set<HttpConnection>();
  #kept: HttpConnection | null = null;

  constructor(options: HttpProbeOptions) {
    // Anything else would end the request's line early.
    assert(/^\/[\x21-\x7e]*$/.test(options.path), 'a path is absolute, without spaces or controls');
    this.#options = options;
    this.#request = {
      keep: requestText(options, 'keep-alive'),
      close: requestText(options, 'close'),
    };
  }

  check(options: { timeoutMs: number; fresh: boolean }): Promise<ProbeAnswer> {
    const { timeoutMs, fresh } = options;
    const sentAt = monotonicMs();
    return new Promise((resolve) => {
      let connection = this.#connection(fresh);
      const timer = setTimeout(() => {
        this.#release(connection, false);
        resolve(timedOut(timeoutMs));
      }, timeoutMs);
      const onReply = (reply: Reply): void => {
        this.#release(connection, !fresh);
        if (!reply.ok && reply.stale) {
          connection = this.#connection(true);
          connection.ask(this.#request.keep, onReply);
          return;
        }
        clearTimeout(timer);
        resolve(this.#judge(reply, monotonicMs() - sentAt));
      };
      connection.ask(fresh ? this.#request.close : this.#request.keep, onReply);
    });
  }

  async close(): Promise<void> {
    // Those in use fail with `closed`, which ends the probes in progress.
    for (const connection of this.#open) connection.destroy();
  }

  #connection(fresh: boolean): HttpConnection {
    const kept = this.#kept;
    if (!fresh && kept !== null) {
      this.#kept = null;
      if (kept.usable) return kept;
      this.#open.delete(kept);
    }
    const made = new HttpConnection(this.#options.target);
    this.#open.add(made);
    return made;
  }

  #release(connection: HttpConnection, keep: boolean): void {
    if (keep && connection.usable && this.#kept === null) {
      this.#kept = connection;
      return;
    }
    this.#open.delete(connection);
    connection.destroy();
  }

  #judge(reply: Reply, latencyMs: number): ProbeAnswer {
    if (!reply.ok) return { ok: false, fault: reply.fault, detail: reply.detail };
    const { expect } = this.#options;
    const { status } = reply;
    const expected = expect === null ? status >= 200 && status <= 399 : expect.includes(status);
    if (expected) return { ok: true, latencyMs };
    const detail = `status ${reply.text.slice(0, STATUS_TEXT_LIMIT)}`;
    return { ok: false, fault: 'badStatus', detail };
  }
}

function requestText({ target, path }: HttpProbeOptions, connection: string): string {
  const host = isIPv6(target.host) ? `[${target.host}]` : target.host;
  return [
    `GET ${path} HTTP/1.1`,
    `host: ${host}:${target.port}`,
    'user-agent: hotwarm-probe',
    'accept: */*',
    `connection: ${connection}`,
    '\r\n',
  ].join('\r\n');
}
