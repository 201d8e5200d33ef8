import type { Host } from './host.ts';
import type { Random } from './random.ts';
import { demote, promote, rejoin, type Copy, type WriteId } from './register.ts';
import type { Replication } from './replication.ts';

// One member: a process on a host that responds to probes and client requests. It can be absent, hung (SIGSTOP, a deadlock),
// frozen by hotwarm, slow, or degraded: it responds to probes while requests fail. A replicated member has a copy of the
// register.

export type Request = {
  readonly id: number;
  readonly operation:
    { readonly type: 'read' } | { readonly type: 'write'; readonly write: WriteId };
};

export type Reply =
  | { readonly type: 'ok'; readonly value: WriteId; readonly member: string; readonly at: number }
  /** Not executed. */
  | { readonly type: 'refused' | 'notPrimary' | 'failing' }
  /** The process exited, or the connection was cut, before a response. */
  | { readonly type: 'reset' };

type Open = { readonly request: Request; readonly reply: (reply: Reply) => void };

const SERVICE_MS = { low: 0.2, high: 8 } as const;
/** Listen backlog and connections of a process together. */
const OPEN_LIMIT = 2000;

export class Member {
  readonly name: string;
  readonly host: Host;
  /** null: stateless. */
  readonly copy: Copy | null;
  alive = false;
  hung = false;
  frozen = false;
  lies = false;
  /** Factor for all its durations. */
  slowness = 1;
  pid = 0;
  incarnation = 0;
  /** When it will be ready, on its host's clock. */
  readyAt = 0;
  capacity: 'full' | 'reduced' = 'full';
  /** The current start, which a fence or a stop can cancel. */
  beingStarted: symbol | null = null;
  /** Called when its process exits, except by an effect. */
  onExit: ((signal: string) => void) | null = null;
  /** Called after each start. */
  onStart: (() => void) | null = null;
  /** Called after a thaw. */
  onThaw: (() => void) | null = null;
  readonly #random: Random;
  readonly #readyAfterMs: { readonly low: number; readonly high: number };
  readonly #replication: Replication | null;
  readonly #onPromoted: (member: Member) => void;
  readonly #open = new Map<number, Open>();
  #waiting: (() => void)[] = [];

  constructor(options: {
    name: string;
    host: Host;
    copy: Copy | null;
    random: Random;
    replication: Replication | null;
    readyAfterMs: { readonly low: number; readonly high: number };
    onPromoted: (member: Member) => void;
  }) {
    this.name = options.name;
    this.host = options.host;
    this.copy = options.copy;
    this.#random = options.random;
    this.#replication = options.replication;
    this.#readyAfterMs = options.readyAfterMs;
    this.#onPromoted = options.onPromoted;
  }

  get stopped(): boolean {
    return this.hung || this.frozen || this.host.paused;
  }

  get openRequests(): number {
    return this.#open.size;
  }

  get serves(): boolean {
    return this.alive && (this.copy === null || this.copy.role === 'primary');
  }

  start(capacity: 'full' | 'reduced', pid: number): void {
    this.alive = true;
    this.hung = false;
    this.frozen = false;
    this.capacity = capacity;
    this.pid = pid;
    const { low, high } = this.#readyAfterMs;
    this.readyAt = this.host.now() + this.#random.skewed(low, high) * this.slowness;
    this.#replication?.began(this);
    this.onStart?.();
  }

  /** Ends the process in any state. */
  end(): void {
    if (!this.alive) return;
    this.alive = false;
    this.#waiting = [];
    const open = [...this.#open.values()];
    this.#open.clear();
    this.#replication?.ended(this);
    for (const { reply } of open) reply({ type: 'reset' });
  }

  /** Exits by itself: a crash, an OOM kill. */
  die(signal: string): void {
    if (!this.alive) return;
    this.end();
    this.onExit?.(signal);
  }

  hang(): void {
    this.hung = true;
  }

  wake(): void {
    this.hung = false;
    this.#goOn();
  }

  freeze(): void {
    this.frozen = true;
  }

  thaw(): void {
    this.frozen = false;
    this.#goOn();
    this.onThaw?.();
  }

  /** Runs in the process: waits while it is stopped, never runs after its exit. */
  run(action: () => void): void {
    const { pid } = this;
    const guarded = (): void => {
      if (this.alive && this.pid === pid) action();
    };
    if (!this.alive) return;
    if (this.stopped) this.#waiting.push(guarded);
    else guarded();
  }

  promote(epoch: number): void {
    if (this.copy === null) return;
    const wasPrimary = this.copy.role === 'primary';
    promote(this.copy, epoch);
    if (!wasPrimary) this.#replication?.promoted(this);
    this.#onPromoted(this);
  }

  demote(): void {
    if (this.copy === null) return;
    demote(this.copy);
    this.#resetOpen();
  }

  /** False: the primary is not available. */
  rejoin(primary: Member): boolean {
    if (this.copy === null || primary.copy === null || !primary.serves) return false;
    rejoin(this.copy, primary.copy);
    this.#replication?.began(this);
    return true;
  }

  /** Cuts the open requests; returns their number. */
  cut(): number {
    const open = this.#open.size;
    this.#resetOpen();
    return open;
  }

  request(request: Request, reply: (reply: Reply) => void): void {
    if (!this.alive || this.#open.size >= OPEN_LIMIT) {
      reply({ type: 'refused' });
      return;
    }
    this.#open.set(request.id, { request, reply });
    const tookMs = this.#random.skewed(SERVICE_MS.low, SERVICE_MS.high) * this.slowness;
    const { pid } = this;
    this.host.after(tookMs, () => {
      if (this.pid === pid) this.run(() => this.#process(request));
    });
  }

  answer(id: number, reply: Reply): void {
    const open = this.#open.get(id);
    if (open === undefined) return;
    this.#open.delete(id);
    open.reply(reply);
  }

  #process(request: Request): void {
    if (!this.#open.has(request.id)) return;
    if (this.lies) return this.answer(request.id, { type: 'failing' });
    const { copy } = this;
    if (copy !== null && copy.role !== 'primary')
      return this.answer(request.id, { type: 'notPrimary' });
    if (copy !== null && request.operation.type === 'write') {
      this.#replication?.write(this, request.id, request.operation.write);
      return;
    }
    this.answer(request.id, {
      type: 'ok',
      value: copy?.value ?? 0,
      member: this.name,
      at: this.host.scheduler.now,
    });
  }

  #resetOpen(): void {
    const open = [...this.#open.values()];
    this.#open.clear();
    for (const { reply } of open) reply({ type: 'reset' });
  }

  #goOn(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const action of waiting) this.run(action);
  }
}
