import { request, Agent } from 'node:http';
import { monotonicMs } from '../../src/clock.ts';
import { SERVICES, type ServiceName } from './testbed.ts';

// Clients of one service: writers send operations that may be executed once only, readers ask for what may be
// repeated. Each goes on with the next request when the last one has ended, in whatever way.

const TIMEOUT_MS = 15_000;
const PAUSE_MS = 25;
const WRITERS = 2;
const READERS = 2;
const FAILURES_KEPT = 100;

export class Clients {
  readonly service: ServiceName;
  readonly acknowledged: string[] = [];
  readonly unknown: string[] = [];
  /** Reads that failed, as lines of a report; bounded. */
  readonly failures: string[] = [];
  reads = 0;
  failedReads = 0;
  /** When the newest read that succeeded was sent. */
  lastReadSentAt = 0;
  longestGapMs = 0;
  #lastReadAt = monotonicMs();
  readonly #port: number;
  readonly #keepAlive = new Agent({ keepAlive: true, maxSockets: WRITERS + READERS });
  #operations = 0;
  #running = true;
  readonly #loops: Promise<void>[] = [];

  constructor(service: ServiceName, port: number) {
    this.service = service;
    this.#port = port;
  }

  start(): void {
    for (let i = 0; i < WRITERS; i += 1)
      this.#loops.push(this.#loop(async () => await this.#write()));
    for (let i = 0; i < READERS; i += 1)
      this.#loops.push(this.#loop(async () => await this.#read()));
  }

  /** Resolves when every request has ended. */
  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#loops);
    this.#keepAlive.destroy();
  }

  async #loop(once: () => Promise<void>): Promise<void> {
    while (this.#running) {
      await once();
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  async #write(): Promise<void> {
    this.#operations += 1;
    const id = `${this.service}-${this.#operations}`;
    const answer = await this.#ask('POST', `/op/${id}`);
    if (answer === `{"id":"${id}"}`) this.acknowledged.push(id);
    else this.unknown.push(id);
  }

  async #read(): Promise<void> {
    const sentAt = monotonicMs();
    const answer = await this.#ask('GET', '/');
    this.reads += 1;
    if (answer === null) {
      this.failedReads += 1;
      if (this.failures.length < FAILURES_KEPT)
        this.failures.push(
          `${this.service}: GET sent at ${sentAt.toFixed(0)} failed after ${(monotonicMs() - sentAt).toFixed(0)} ms`,
        );
      return;
    }
    const now = monotonicMs();
    this.longestGapMs = Math.max(this.longestGapMs, now - this.#lastReadAt);
    this.#lastReadAt = now;
    this.lastReadSentAt = Math.max(this.lastReadSentAt, sentAt);
  }

  /** The body of a whole answer with status 200; null: there was none. */
  async #ask(method: string, path: string): Promise<string | null> {
    return await new Promise((resolve) => {
      const sent = request(
        {
          host: '127.0.0.1',
          port: this.#port,
          method,
          path,
          agent: this.#keepAlive,
          timeout: TIMEOUT_MS,
        },
        (response) => {
          let body = '';
          response.setEncoding('utf8');
          response.on('data', (text: string) => (body += text));
          response.on('end', () =>
            resolve(response.statusCode === 200 && response.complete ? body : null),
          );
          response.on('error', () => resolve(null));
        },
      );
      sent.on('timeout', () => sent.destroy());
      sent.on('error', () => resolve(null));
      sent.on('close', () => resolve(null));
      sent.end();
    });
  }
}

export function allClients(ports: Readonly<Record<ServiceName, number>>): readonly Clients[] {
  return SERVICES.map((name) => new Clients(name, ports[name]));
}
