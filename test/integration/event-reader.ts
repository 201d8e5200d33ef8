import { eventually } from '../eventually.ts';

// A client of the agent's event stream: reads until told to stop, and can go on where another one stopped.

export type StreamEvent = {
  readonly id: number | null;
  readonly event: string;
  readonly data: unknown;
};

export class EventReader {
  readonly events: StreamEvent[] = [];
  readonly #abort = new AbortController();
  readonly #ended: Promise<void>;

  /** lastId: the Last-Event-ID of a client that was cut off; null: a new one, told of what comes only. */
  constructor(apiPort: number, lastId: number | null) {
    this.#ended = this.#read(`http://127.0.0.1:${apiPort}/api/v1/events`, lastId);
    // Whoever waits for the events is told by `until`.
    this.#ended.catch(() => {});
  }

  get lastId(): number | null {
    return this.events.findLast(({ id }) => id !== null)?.id ?? null;
  }

  async until(what: string, isSo: (events: readonly StreamEvent[]) => boolean): Promise<void> {
    await eventually(what, () => isSo(this.events));
  }

  /** Resolves when the stream is over, cut by us or ended by the agent. */
  async close(): Promise<void> {
    this.#abort.abort();
    await this.#ended.catch(() => {});
  }

  async #read(url: string, lastId: number | null): Promise<void> {
    const headers: Record<string, string> =
      lastId === null ? {} : { 'last-event-id': String(lastId) };
    const response = await fetch(url, { headers, signal: this.#abort.signal });
    if (response.status !== 200 || response.body === null)
      throw new Error(`the stream answered ${response.status}`);
    let rest = '';
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      const blocks = (rest + chunk).split('\n\n');
      rest = blocks.pop() ?? '';
      this.events.push(...blocks.flatMap(parse));
    }
  }
}

/** Comments and the retry hint are no events. */
function parse(block: string): readonly StreamEvent[] {
  const field = (name: string): string | null =>
    block
      .split('\n')
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2) ?? null;
  const event = field('event');
  if (event === null) return [];
  const id = field('id');
  return [
    { id: id === null ? null : Number(id), event, data: JSON.parse(field('data') ?? 'null') },
  ];
}
