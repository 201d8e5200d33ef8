import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import { type SSEStreamingApi, streamSSE } from 'hono/streaming';
import type { AgentView, AgentEvent } from '../agent/contract.ts';
import { AppError } from '../errors.ts';

// The agent's events as server-sent events. A client that was cut off sends the last id it saw and gets
// what it missed, as far as it is still kept; if some of that is gone, a `reset` event tells it to read
// the status again. A client that reads too slowly is cut off rather than waited for: its queue is
// bounded, and it can resume.

export type EventLimits = {
  readonly clients: number;
  /** Of them, for each user who may only read. */
  readonly clientsPerUser: number;
  /** Events waiting for one client. */
  readonly queue: number;
  readonly heartbeatMs: number;
};

export const EVENT_LIMITS: EventLimits = {
  clients: 64,
  clientsPerUser: 16,
  queue: 1000,
  heartbeatMs: 15_000,
};

/** limitedUser: whose share of the streams the request takes; null: no share limits it. */
export function eventRoute(
  view: AgentView,
  limits: EventLimits,
  limitedUser: (context: Context) => Promise<string | null>,
): (context: Context) => Promise<Response> {
  /** The user of each open stream. */
  const users = new Map<symbol, string | null>();
  return async (context) => {
    // Its answer has no body, so there is no stream whose end could be noticed.
    if (context.req.method === 'HEAD')
      return context.body(null, 200, { 'content-type': 'text/event-stream' });
    const user = await limitedUser(context);
    if (users.size >= limits.clients) throw tooMany(limits.clients);
    const shared = [...users.values()].filter((other) => other === user).length;
    if (user !== null && shared >= limits.clientsPerUser) throw tooMany(limits.clientsPerUser);
    const id = Symbol('stream');
    users.set(id, user);
    return streamSSE(context, async (stream) => {
      try {
        const cut = (): void => cutConnection(context);
        await serve({ view, limits, stream, lastId: lastIdOf(context), cut });
      } finally {
        users.delete(id);
      }
    });
  };
}

async function serve(options: {
  readonly view: AgentView;
  readonly limits: EventLimits;
  readonly stream: SSEStreamingApi;
  readonly lastId: number | null;
  /** Ends the connection even while a write to it is stuck. */
  readonly cut: () => void;
}): Promise<void> {
  const { view, limits, stream, lastId } = options;
  const inbox = new Inbox(limits.queue);
  // Subscribed before the past is read, so that nothing falls in between; ids sort out the overlap.
  const unsubscribe = view.subscribe((event) => {
    if (inbox.put(event)) return;
    unsubscribe();
    options.cut();
  });
  stream.onAbort(() => inbox.close());
  try {
    await stream.write('retry: 1000\n\n');
    let newest = await replay(view, stream, lastId);
    while (!stream.aborted && !inbox.isClosed) {
      const event = inbox.take();
      if (event === null) {
        const woken = await inbox.wait(limits.heartbeatMs);
        if (!woken) await stream.write(': still here\n\n');
      } else if (event.id > newest) {
        await send(stream, event);
        newest = event.id;
      }
    }
  } finally {
    unsubscribe();
  }
}

/** Answers the newest id that the client has now. */
async function replay(
  view: AgentView,
  stream: SSEStreamingApi,
  lastId: number | null,
): Promise<number> {
  if (lastId === null) return -1;
  const missed = view.eventsAfter(lastId);
  const first = missed[0];
  // With nothing after it, it is either the newest one or none of this agent's.
  const isWhole = first === undefined ? lastId === newestId(view) : first.id === lastId + 1;
  if (!isWhole) await stream.writeSSE({ event: 'reset', data: '{}' });
  for (const event of missed) await send(stream, event);
  return missed.at(-1)?.id ?? -1;
}

/** 0: nothing has been sent yet. */
function newestId(view: AgentView): number {
  return view.eventsAfter(0).at(-1)?.id ?? 0;
}

async function send(stream: SSEStreamingApi, event: AgentEvent): Promise<void> {
  const { id, kind, ...rest } = event;
  await stream.writeSSE({ id: String(id), event: kind, data: JSON.stringify(rest) });
}

/** Events on their way to one client. Closes itself when the client falls too far behind. */
class Inbox {
  readonly #limit: number;
  #events: AgentEvent[] = [];
  #closed = false;
  #wake: (() => void) | null = null;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** false: it is full, and closed from now on. */
  put(event: AgentEvent): boolean {
    if (this.#closed) return false;
    if (this.#events.length >= this.#limit) {
      this.close();
      return false;
    }
    this.#events.push(event);
    this.#wake?.();
    return true;
  }

  take(): AgentEvent | null {
    return this.#events.shift() ?? null;
  }

  close(): void {
    this.#closed = true;
    this.#events = [];
    this.#wake?.();
  }

  /** true: something came or the inbox closed. false: the time is over. */
  async wait(timeoutMs: number): Promise<boolean> {
    if (this.#closed || this.#events.length > 0) return true;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#wake = null;
        resolve(false);
      }, timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = null;
        resolve(true);
      };
    });
  }
}

/** In a test without a socket there is none to cut. */
function cutConnection(context: Context<{ Bindings: Partial<HttpBindings> }>): void {
  context.env?.outgoing?.destroy();
}

function lastIdOf(context: Context): number | null {
  const text = context.req.header('last-event-id') ?? context.req.query('after') ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function tooMany(limit: number): AppError {
  return new AppError('unreachable', {
    message: { en: 'too many event stream clients', zh: '事件流的客户端过多' },
    reason: { en: `the limit is ${limit}`, zh: `上限为 ${limit} 个` },
    hint: {
      en: 'close one of them, or poll the status instead',
      zh: '关闭其中一个，或改为查询状态',
    },
  });
}
