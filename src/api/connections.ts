import type { Server } from 'node:http';
import type { Socket } from 'node:net';

// The open connections of the API. A new connection is always accepted; above the limit the least valuable one is closed:
// first those without a request, then those with a request in flight, each least recently used first. Event streams stay:
// they have a limit of their own.

type Use = 'idle' | 'request' | 'stream';

export class Connections {
  readonly #limit: number;
  /** Least recently used first. */
  readonly #uses = new Map<Socket, Use>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  watch(server: Server): void {
    server.on('connection', (socket: Socket) => {
      this.#makeRoom();
      this.#uses.set(socket, 'idle');
      socket.once('close', () => this.#uses.delete(socket));
    });
    server.on('request', ({ socket, url }, response) => {
      this.#mark(socket, isStream(url) ? 'stream' : 'request');
      response.once('close', () => this.#mark(socket, 'idle'));
    });
  }

  #mark(socket: Socket, use: Use): void {
    if (!this.#uses.delete(socket)) return;
    this.#uses.set(socket, use);
  }

  #makeRoom(): void {
    if (this.#uses.size < this.#limit) return;
    const victim = this.#first('idle') ?? this.#first('request');
    if (victim === null) return;
    this.#uses.delete(victim);
    victim.destroy();
  }

  #first(wanted: Use): Socket | null {
    for (const [socket, use] of this.#uses) if (use === wanted) return socket;
    return null;
  }
}

function isStream(url: string | undefined): boolean {
  return url?.startsWith('/api/v1/events') === true;
}
