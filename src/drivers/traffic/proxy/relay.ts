import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

// Joins two sockets until both directions have ended: bytes as they are, back-pressure and half-closed ends
// passed on. Used for connections that left HTTP (WebSocket) and for raw TCP. An end by error is passed on as
// a reset, so that neither side takes what is missing for a proper end.

type RelayOptions = {
  readonly client: Socket;
  readonly member: Socket;
  /** False once the lease has ended: then nothing more passes. */
  readonly mayForward: () => boolean;
  readonly onBytes: (direction: 'in' | 'out', bytes: number) => void;
  /** Called once. `memberFailed`: the member's side broke. */
  readonly onEnd: (outcome: { readonly memberFailed: boolean }) => void;
};

export function relay(options: RelayOptions): { cut(): void } {
  const { client, member } = options;
  let over = false;
  const end = (memberFailed: boolean): void => {
    if (over) return;
    over = true;
    closeHard(client);
    closeHard(member);
    options.onEnd({ memberFailed });
  };
  const cut = (): void => end(false);
  join(client, member, (bytes) => options.onBytes('in', bytes), options.mayForward, cut);
  join(member, client, (bytes) => options.onBytes('out', bytes), options.mayForward, cut);
  client.on('error', cut);
  member.on('error', () => end(true));
  client.on('close', () => {
    if (!over && !member.writableEnded) end(false);
    else finishIfBothClosed();
  });
  member.on('close', () => {
    if (!over && !client.writableEnded) end(true);
    else finishIfBothClosed();
  });
  const finishIfBothClosed = (): void => {
    if (over || !client.closed || !member.closed) return;
    over = true;
    options.onEnd({ memberFailed: false });
  };
  client.resume();
  member.resume();
  return { cut };
}

function join(
  from: Socket,
  to: Socket,
  count: (bytes: number) => void,
  mayForward: () => boolean,
  cut: () => void,
): void {
  from.on('data', (data: Buffer) => {
    if (!mayForward()) {
      cut();
      return;
    }
    count(data.length);
    to.write(data);
    if (isFull(to)) from.pause();
  });
  to.on('drain', () => from.resume());
  from.on('end', () => to.end());
}

/** No more should be written until `drain`. A stream says so of what the kernel has taken already, too. */
export function isFull(socket: Socket): boolean {
  return socket.writableNeedDrain && socket.writableLength > 0;
}

function closeHard(socket: Socket): void {
  if (socket.destroyed) return;
  if (socket.readableEnded && socket.writableEnded) socket.destroy();
  else reset(socket);
}

/** Ends a connection so that its other side does not take it for complete. TLS knows by the farewell that is missing. */
export function reset(socket: Socket): void {
  if (socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
}
