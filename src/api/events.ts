import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import { type SSEStreamingApi, streamSSE } from 'hono/streaming';
import type { AgentView, AgentEvent } from '../agent/contract.ts';
import { AppError } from '../errors.ts';

// The agent's events as server-sent events. After a lost connection a client sends the last ID that it saw and gets the
// events that it missed; if some of them were dropped, it gets a `reset` event first and must read the status again. A
// client that reads too slowly is disconnected, because its queue is bounded; it can resume.

export type EventLimits = {
  readonly clients: number;
  /** Limit for each user with read access only. */
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

/** limitedUser: the user whose limit applies; null: no limit. */
export function eventRoute(
  view: AgentView,
  limits: EventLimits,
  limitedUser: (context: Context) => Promise<string | null>,
): (context: Context) => Promise<Response> {
  /** The user of each open stream. */
  const users = new Map<symbol, string | null>();
  return async (context) => {
    // A HEAD response has no body, so there would be no end of a stream to notice.
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
  /** Closes the connection even while a write is blocked. */
  readonly cut: () => void;
}): Promise<void> {
  const { view, limits, stream, lastId } = options;
  const inbox = new Inbox(limits.queue);
  // Subscribe before reading past events: otherwise one between the two would be lost. IDs remove duplicates.
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

/** Returns the newest ID that was sent to the client. */
async function replay(
  view: AgentView,
  stream: SSEStreamingApi,
  lastId: number | null,
): Promise<number> {
  if (lastId === null) return -1;
  const missed = view.eventsAfter(lastId);
  const first = missed[0];
  // Without later events, the ID is either the newest one or not of this agent.
  const isWhole = first === undefined ? lastId === newestId(view) : first.id === lastId + 1;
  if (!isWhole) await stream.writeSSE({ event: 'reset', data: '{}' });
  for (const event of missed) await send(stream, event);
  return missed.at(-1)?.id ?? -1;
}

/** 0: no event yet. */
function newestId(view: AgentView): number {
  return view.eventsAfter(0).at(-1)?.id ?? 0;
}

async function send(stream: SSEStreamingApi, event: AgentEvent): Promise<void> {
  const { id, kind, ...rest } = event;
  await stream.writeSSE({ id: String(id), event: kind, data: JSON.stringify(rest) });
}

/** Queue of events for one client. Closes itself when it is full. */
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

  /** false: the queue is full and now closed. */
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

  /** true: an event arrived or the queue closed. false: timeout. */
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

/** Tests have no socket. */
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
