import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { monotonicMs } from '../../../clock.ts';
import type { Pair } from '../certificate.ts';
import { plainAddress, readProxyHeader, type Endpoints } from '../../proxy-protocol.ts';

// What a client's connection goes through before its first request: the header of a proxy in front, then the TLS
// handshake. Both cost room and work for somebody who has not said anything yet, so their time is limited, and their
// number: past it the oldest is ended, for an honest one is over in a moment while a flood's stand and wait.
// With neither, a connection passes at once.

export type Arrival = {
  readonly socket: Socket;
  readonly secure: boolean;
  /** On whose behalf the proxy in front connects: `none`: no such proxy; `local`: its own, or it does not say. */
  readonly claim: Endpoints | 'none' | 'local';
};

export type EntranceOptions = {
  readonly acceptHeader: boolean;
  /** null: without TLS. */
  readonly pair: Pair | null;
  readonly protocol: 'http' | 'tcp';
  readonly patienceMs: number;
  readonly onArrival: (arrival: Arrival) => void;
  /** Ended here: no header, no handshake, or not in time. */
  readonly onRejected: () => void;
};

export const MAX_ENTERING = 1024;
const LOOK_EVERY_MS = 250;
const ENTER_MS = 10_000;

type Entering = {
  readonly socket: Socket;
  readonly since: number;
  claim: Arrival['claim'];
};

export class Entrance {
  readonly #options: EntranceOptions;
  readonly #tls: Server | null;
  /** Oldest first. */
  readonly #entering = new Map<string, Entering>();
  #timer: NodeJS.Timeout | null = null;

  constructor(options: EntranceOptions) {
    this.#options = options;
    this.#tls = options.pair === null ? null : this.#makeTls(options.pair);
  }

  /** For handshakes from now on. */
  use(pair: Pair): void {
    this.#tls?.setSecureContext(pair);
  }

  take(socket: Socket): void {
    if (this.#tls === null && !this.#options.acceptHeader) {
      this.#options.onArrival({ socket, secure: false, claim: 'none' });
      return;
    }
    const entering: Entering = { socket, since: monotonicMs(), claim: 'none' };
    const key = keyOf(socket);
    if (key === null) {
      // It ended before it was looked at.
      socket.destroy();
      return;
    }
    this.#admit(key, entering);
    if (this.#options.acceptHeader) this.#awaitHeader(key, entering);
    else this.#secure(key, entering);
  }

  close(): void {
    for (const { socket } of this.#entering.values()) socket.destroy();
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #admit(key: string, entering: Entering): void {
    for (const [oldest, { socket }] of this.#entering) {
      if (this.#entering.size < MAX_ENTERING) break;
      this.#drop(oldest);
      socket.destroy();
    }
    this.#entering.set(key, entering);
    const { socket } = entering;
    // The close that follows tells.
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.#entering.get(key) === entering) this.#drop(key);
    });
    this.#timer ??= setInterval(() => this.#endOverdue(), LOOK_EVERY_MS);
  }

  #drop(key: string): void {
    const socket = this.#entering.get(key)?.socket;
    this.#entering.delete(key);
    // Whoever only looks whether somebody listens has done nothing wrong.
    if (socket !== undefined && socket.bytesRead > 0) this.#options.onRejected();
  }

  #endOverdue(): void {
    const before = monotonicMs() - Math.min(ENTER_MS, this.#options.patienceMs);
    for (const { socket, since } of this.#entering.values()) {
      if (since > before) break;
      socket.destroy();
    }
    if (this.#entering.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  #awaitHeader(key: string, entering: Entering): void {
    const { socket } = entering;
    let data: Buffer | null = null;
    const onData = (piece: Buffer): void => {
      data = data === null ? piece : Buffer.concat([data, piece]);
      const reading = readProxyHeader(data);
      if (reading.kind === 'more') return;
      if (reading.kind === 'malformed') {
        socket.destroy();
        return;
      }
      socket.off('data', onData).off('end', onEnd).pause();
      if (reading.bytes < data.length) socket.unshift(data.subarray(reading.bytes));
      entering.claim = reading.endpoints ?? 'local';
      if (this.#tls === null) this.#pass(key, entering, socket);
      else this.#secure(key, entering);
    };
    const onEnd = (): void => {
      socket.destroy();
    };
    socket.on('data', onData).on('end', onEnd).resume();
  }

  #secure(key: string, entering: Entering): void {
    if (keyOf(entering.socket) === key) this.#tls?.emit('connection', entering.socket);
    else entering.socket.destroy();
  }

  #makeTls(pair: Pair): Server {
    const http = this.#options.protocol === 'http';
    const server = createServer({
      ...pair,
      ...(http ? { ALPNProtocols: ['http/1.1'] } : {}),
      allowHalfOpen: true,
      // Ended sooner by the entrance itself.
      handshakeTimeout: 2 * ENTER_MS,
    });
    server.on('secureConnection', (socket) => {
      const key = keyOf(socket);
      const entering = key === null ? undefined : this.#entering.get(key);
      if (key === null || entering === undefined) socket.destroy();
      else this.#pass(key, entering, socket);
    });
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    return server;
  }

  #pass(key: string, { claim }: Entering, socket: Socket | TLSSocket): void {
    this.#entering.delete(key);
    const secure = this.#tls !== null;
    this.#options.onArrival({ socket, secure, claim });
    // It was stopped behind its header; a raw connection is not read before a member has it.
    if (this.#options.protocol === 'http') socket.resume();
  }
}

/** Unlike any other connection's to this service while it lives; null: it is over. */
function keyOf(socket: Socket): string | null {
  const { remoteAddress, remotePort, localAddress } = socket;
  if (remoteAddress === undefined || remotePort === undefined) return null;
  return `${remoteAddress} ${remotePort} ${localAddress ?? ''}`;
}

export function endpointsOf(socket: Socket): Endpoints | null {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  if (remoteAddress === undefined || remotePort === undefined) return null;
  if (localAddress === undefined || localPort === undefined) return null;
  return {
    source: { address: plainAddress(remoteAddress), port: remotePort },
    destination: { address: plainAddress(localAddress), port: localPort },
  };
}
