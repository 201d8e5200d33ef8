import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { ProbeAnswer } from '../../../src/core/event.ts';
import type { Probe } from '../../../src/drivers/probe/contract.ts';
import type { ProbeTarget } from '../../../src/drivers/probe/spec.ts';

export type Peer = {
  readonly target: ProbeTarget;
  readonly server: Server;
  /** Connections taken so far. */
  accepted(): number;
  close(): Promise<void>;
};

const peers = new Set<Peer>();

/** For afterEach: a test that failed must not leave a server that keeps its process alive. */
export async function closePeers(): Promise<void> {
  await Promise.all([...peers].map((peer) => peer.close()));
}

/** A server on a free port that treats each connection as told. */
export async function listen(
  onConnection: (socket: Socket, number: number) => unknown,
): Promise<Peer> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    accepted += 1;
    onConnection(socket, accepted);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const peer: Peer = {
    target: { host: '127.0.0.1', port: address.port },
    server,
    accepted: () => accepted,
    close: async () => {
      peers.delete(peer);
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  peers.add(peer);
  return peer;
}

/** Answers each request head on a connection with the same text. */
export function answering(text: string): (socket: Socket) => void {
  return (socket) => {
    let head = '';
    socket.on('data', (chunk) => {
      head += chunk.toString('latin1');
      while (head.includes('\r\n\r\n')) {
        head = head.slice(head.indexOf('\r\n\r\n') + 4);
        socket.write(text);
      }
    });
  };
}

export const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/** A port of this host at which nothing listens. */
export async function closedTarget(): Promise<ProbeTarget> {
  const peer = await listen(() => undefined);
  await peer.close();
  return peer.target;
}

export function verdict(answer: ProbeAnswer): string {
  return answer.ok ? 'ok' : answer.fault;
}

/** Takes one look with a patience that only a hung peer uses up, and closes the probe. */
export async function probeOnce(
  probe: Probe,
  options: { timeoutMs?: number; fresh?: boolean } = {},
): Promise<string> {
  try {
    return verdict(await probe.check({ timeoutMs: 10_000, fresh: false, ...options }));
  } finally {
    await probe.close();
  }
}
