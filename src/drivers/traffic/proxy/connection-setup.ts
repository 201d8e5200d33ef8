import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { monotonicMs } from '../../../clock.ts';
import type { Pair } from '../certificate.ts';
import { plainAddress, readProxyHeader, type Endpoints } from '../../proxy-protocol.ts';

// What a client's connection goes through before its first request: the header of a proxy in front, then the TLS
// handshake. Both cost room and work for a client that has not sent a request yet, so their time is limited, and their
// number: past it the oldest is closed, because legitimate setups finish fast.
// With neither, a connection passes at once.

export type Arrival = {
  readonly socket: Socket;
  readonly secure: boolean;
  /** On whose behalf the proxy in front connects: `none`: no such proxy; `local`: its own, or it does not say. */
  readonly claim: Endpoints | 'none' | 'local';
};

type ConnectionSetupOptions = {
  readonly acceptHeader: boolean;
  /** null: without TLS. */
  readonly pair: Pair | null;
  readonly protocol: 'http' | 'tcp';
  readonly timeoutMs: number;
  readonly onArrival: (arrival: Arrival) => void;
  /** Ended here: no header, no handshake, or not in time. */
  readonly onRejected: () => void;
};

export const MAX_PENDING = 1024;
const CHECK_INTERVAL_MS = 250;
const SETUP_MS = 10_000;

type Pending = {
  readonly socket: Socket;
  readonly since: number;
  claim: Arrival['claim'];
};

export class ConnectionSetup {
  readonly #options: ConnectionSetupOptions;
  readonly #tls: Server | null;
  /** Oldest first. */
  readonly #pending = new Map<string, Pending>();
  #timer: NodeJS.Timeout | null = null;

  constructor(options: ConnectionSetupOptions) {
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
    const pending: Pending = { socket, since: monotonicMs(), claim: 'none' };
    const key = keyOf(socket);
    if (key === null) {
      // It ended before it was looked at.
      socket.destroy();
      return;
    }
    this.#admit(key, pending);
    if (this.#options.acceptHeader) this.#awaitHeader(key, pending);
    else this.#secure(key, pending);
  }

  close(): void {
    for (const { socket } of this.#pending.values()) socket.destroy();
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #admit(key: string, pending: Pending): void {
    for (const [oldest, { socket }] of this.#pending) {
      if (this.#pending.size < MAX_PENDING) break;
      this.#drop(oldest);
      socket.destroy();
    }
    this.#pending.set(key, pending);
    const { socket } = pending;
    // The close that follows tells.
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.#pending.get(key) === pending) this.#drop(key);
    });
    this.#timer ??= setInterval(() => this.#endOverdue(), CHECK_INTERVAL_MS);
  }

  #drop(key: string): void {
    const socket = this.#pending.get(key)?.socket;
    this.#pending.delete(key);
    // A connection that only checks whether the port is open is no fault.
    if (socket !== undefined && socket.bytesRead > 0) this.#options.onRejected();
  }

  #endOverdue(): void {
    const before = monotonicMs() - Math.min(SETUP_MS, this.#options.timeoutMs);
    for (const { socket, since } of this.#pending.values()) {
      if (since > before) break;
      socket.destroy();
    }
    if (this.#pending.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  #awaitHeader(key: string, pending: Pending): void {
    const { socket } = pending;
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
      pending.claim = reading.endpoints ?? 'local';
      if (this.#tls === null) this.#pass(key, pending, socket);
      else this.#secure(key, pending);
    };
    const onEnd = (): void => {
      socket.destroy();
    };
    socket.on('data', onData).on('end', onEnd).resume();
  }

  #secure(key: string, pending: Pending): void {
    if (keyOf(pending.socket) === key) this.#tls?.emit('connection', pending.socket);
    else pending.socket.destroy();
  }

  #makeTls(pair: Pair): Server {
    const http = this.#options.protocol === 'http';
    const server = createServer({
      ...pair,
      ...(http ? { ALPNProtocols: ['http/1.1'] } : {}),
      allowHalfOpen: true,
      // Ended sooner by the connection setup itself.
      handshakeTimeout: 2 * SETUP_MS,
    });
    server.on('secureConnection', (socket) => {
      const key = keyOf(socket);
      const pending = key === null ? undefined : this.#pending.get(key);
      if (key === null || pending === undefined) socket.destroy();
      else this.#pass(key, pending, socket);
    });
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    return server;
  }

  #pass(key: string, { claim }: Pending, socket: Socket | TLSSocket): void {
    this.#pending.delete(key);
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
