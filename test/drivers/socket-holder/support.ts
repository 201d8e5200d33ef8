import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { findFreePorts } from '../../../src/drill/free-ports.ts';
import { Listener } from '../../../src/drivers/socket-holder/listener.ts';
import type { ListenAddress, UnixAccess } from '../../../src/drivers/listen-address.ts';

/** A listening socket that is held here and accepted by nobody; closed when the test ends. */
export async function openListener(
  t: TestContext,
  options: {
    readonly address?: ListenAddress;
    readonly backlog?: number;
    readonly access?: UnixAccess;
  } = {},
): Promise<Listener> {
  const { address = await freeAddress(), backlog = 200, access = null } = options;
  const listener = await Listener.open({ address, backlog, access });
  t.after(async () => await listener.close());
  return listener;
}

export async function freeAddress(): Promise<{ host: string; port: number }> {
  const [port = 0] = await findFreePorts(1);
  return { host: '127.0.0.1', port };
}

/** A program that inherits the socket as descriptor 3; resolves with its first line. Ended when the test ends. */
export async function inherit(
  t: TestContext,
  listener: Listener,
  [program, ...args]: readonly [string, ...string[]],
): Promise<{ readonly child: ChildProcess; readonly said: string }> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit', listener.fd] });
  t.after(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  const [said] = await once(child.stdout ?? child, 'data');
  return { child, said: String(said).trim() };
}

/** A Node server on the inherited socket that answers with one word; how: the further arguments of listen(). */
export function nodeServer(how = ''): readonly [string, ...string[]] {
  const text = `require('node:net').createServer((socket) => socket.end('served'))
    .listen({ fd: 3 }${how}, () => console.log('listening'))`;
  return [process.execPath, '-e', text];
}

export async function connected(t: TestContext, address: ListenAddress): Promise<Socket> {
  const socket = connect(address);
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  // Whoever holds the other side may end before the test does.
  socket.on('error', () => {});
  return socket;
}

/** What the other side says until it ends. */
export async function readAll(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await once(socket, 'end');
  return text;
}

/** As ss(8) shows it: connections that wait to be accepted, and how many may. */
export function queueOf(port: number): { readonly waiting: number; readonly most: number } {
  const line = execFileSync('ss', ['-ltnH', `sport = :${port}`], { encoding: 'utf8' });
  const [, waiting = '', most = ''] = line.trim().split(/\s+/);
  return { waiting: Number(waiting), most: Number(most) };
}
