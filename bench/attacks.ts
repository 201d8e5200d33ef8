// Clients that mean no good, for bench/abuse.ts: a process of its own, against the port in its argument.
// Each kind is bounded in number, so that what is tried is the data plane and not the generator.
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

const GET = 'GET / HTTP/1.1\r\nHost: abuse\r\n\r\n';
const LIFE_MS = 20_000;

type Attack = {
  readonly name: string;
  /** New ones each second, and at once at most. */
  readonly perSecond: number;
  readonly atOnce: number;
  readonly run: (socket: Socket) => void;
};

const ATTACKS: readonly Attack[] = [
  {
    name: 'garbage',
    perSecond: 30,
    atOnce: 100,
    run: (socket) => socket.write(randomBytes(2048)),
  },
  {
    name: 'ambiguous framing',
    perSecond: 20,
    atOnce: 100,
    run: (socket) =>
      socket.write(
        'POST / HTTP/1.1\r\nHost: abuse\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      ),
  },
  {
    name: 'half heads',
    perSecond: 20,
    atOnce: 300,
    run: (socket) => socket.write('GET / HTTP/1.1\r\nHost: abu'),
  },
  {
    name: 'slow heads',
    perSecond: 20,
    atOnce: 300,
    run: (socket) => trickle(socket, 'GET / HTTP/1.1\r\nX: '),
  },
  {
    name: 'slow bodies',
    perSecond: 5,
    atOnce: 50,
    run: (socket) =>
      trickle(socket, 'POST / HTTP/1.1\r\nHost: abuse\r\nContent-Length: 100000\r\n\r\n'),
  },
  {
    name: 'resets',
    perSecond: 50,
    atOnce: 100,
    run: (socket) => socket.write(GET, () => socket.resetAndDestroy()),
  },
  {
    name: 'pipelining',
    perSecond: 2,
    atOnce: 5,
    run: (socket) => {
      socket.end(GET.repeat(500));
      socket.resume();
    },
  },
  {
    name: 'huge heads',
    perSecond: 10,
    atOnce: 50,
    run: (socket) => socket.write(`GET / HTTP/1.1\r\nHost: abuse\r\nX: ${'x'.repeat(64 * 1024)}`),
  },
  {
    name: 'endless chunks',
    perSecond: 5,
    atOnce: 20,
    run: (socket) =>
      socket.write(
        `POST / HTTP/1.1\r\nHost: abuse\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(20_000)}`,
      ),
  },
  {
    name: 'readers that do not read',
    perSecond: 5,
    atOnce: 50,
    run: (socket) => {
      socket.pause();
      socket.write(GET.repeat(2000));
    },
  },
  // A burst of connections that say nothing.
  { name: 'connections', perSecond: 300, atOnce: 2000, run: () => undefined },
];

function trickle(socket: Socket, start: string): void {
  socket.write(start);
  const timer = setInterval(() => socket.write('x'), 500);
  socket.on('close', () => clearInterval(timer));
}

const counts = new Map<string, number>();

function begin({ name, atOnce, perSecond, run }: Attack, port: number): void {
  const open = new Set<Socket>();
  setInterval(() => {
    if (open.size >= atOnce) return;
    counts.set(name, (counts.get(name) ?? 0) + 1);
    const socket = connect(port, '127.0.0.1');
    open.add(socket);
    const timer = setTimeout(() => socket.destroy(), LIFE_MS);
    // Being ended is what it asks for.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      open.delete(socket);
    });
    run(socket);
    if (!socket.isPaused()) socket.resume();
  }, 1000 / perSecond);
}

const port = Number(process.argv[2]);
for (const attack of ATTACKS) begin(attack, port);
setInterval(() => process.send?.(Object.fromEntries(counts)), 1000);
