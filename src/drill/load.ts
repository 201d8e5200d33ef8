import { connect } from 'node:net';
import { monotonicMs } from '../clock.ts';

// An open-loop client: requests leave at a fixed rate whether or not earlier ones were answered, each on a
// connection of its own. A closed loop would stop asking while the service is away and so hide the outage
// (coordinated omission). What counts is what a client sees: a complete answer with status 2xx in time.

type LoadOptions = {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly method: 'GET' | 'POST';
  readonly ratePerSecond: number;
  /** A request without a complete answer by then has failed. */
  readonly timeoutMs: number;
};

export type Failure = { readonly at: number; readonly reason: string };

type Completion = { readonly at: number; readonly latencyMs: number };

/** Longest a run may be: everything of it is kept in memory. */
const REQUESTS_MAX = 2_000_000;
const MAX_ANSWER_BYTES = 1024 * 1024;

export class OpenLoopLoad {
  readonly #options: LoadOptions;
  readonly completions: Completion[] = [];
  readonly failures: Failure[] = [];
  #sent = 0;
  #open = 0;
  #startedAt = 0;
  #timer: NodeJS.Timeout | null = null;
  #onIdle: (() => void) | null = null;

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  get sent(): number {
    return this.#sent;
  }

  start(): void {
    this.#startedAt = monotonicMs();
    this.#tick();
  }

  /** Sends nothing more and resolves when every request has ended. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#open === 0) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }

  /** Longest time without a completed request between two instants. */
  longestGapMs(from: number, to: number): number {
    let last = from;
    let longest = 0;
    for (const { at } of this.completions) {
      if (at < from) continue;
      if (at > to) break;
      longest = Math.max(longest, at - last);
      last = at;
    }
    return Math.max(longest, to - last);
  }

  failuresBetween(from: number, to: number): readonly Failure[] {
    return this.failures.filter(({ at }) => at >= from && at <= to);
  }

  #tick(): void {
    const intervalMs = 1000 / this.#options.ratePerSecond;
    const due = Math.min(
      REQUESTS_MAX,
      Math.floor((monotonicMs() - this.#startedAt) / intervalMs) + 1,
    );
    while (this.#sent < due) this.#send();
    const nextAt = this.#startedAt + this.#sent * intervalMs;
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, nextAt - monotonicMs()));
  }

  #send(): void {
    const { host, port, path, method, timeoutMs } = this.#options;
    this.#sent += 1;
    this.#open += 1;
    const sentAt = monotonicMs();
    let answer = '';
    let ended = false;
    const socket = connect({ host, port, noDelay: true });
    const timer = setTimeout(() => end('no answer in time'), timeoutMs);
    const end = (failure: string | null): void => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      socket.destroy();
      this.#end(sentAt, failure);
    };
    const body = method === 'POST' ? 'x' : '';
    socket.write(
      `${method} ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      answer += chunk;
      if (answer.length > MAX_ANSWER_BYTES) end('the answer is too long');
    });
    socket.on('end', () => end(judge(answer)));
    socket.on('error', (error) => end(error.message));
    socket.on('close', () => end('closed without an answer'));
  }

  #end(sentAt: number, failure: string | null): void {
    const at = monotonicMs();
    if (failure === null) this.completions.push({ at, latencyMs: at - sentAt });
    else this.failures.push({ at, reason: failure });
    this.#open -= 1;
    if (this.#open === 0) this.#onIdle?.();
  }
}

/** null: a complete answer with status 2xx. */
function judge(answer: string): string | null {
  const headEnd = answer.indexOf('\r\n\r\n');
  if (headEnd === -1) return 'closed without a complete answer';
  const status = Number(answer.slice(9, 12));
  if (status < 200 || status > 299) return `status ${status}`;
  const head = answer.slice(0, headEnd).toLowerCase();
  const length = /\r\ncontent-length: *(\d+)/.exec(head)?.[1];
  const body = answer.length - headEnd - 4;
  if (length !== undefined && body < Number(length)) return 'cut in the middle of an answer';
  if (head.includes('transfer-encoding: chunked') && !answer.endsWith('0\r\n\r\n'))
    return 'cut in the middle of an answer';
  return null;
}
