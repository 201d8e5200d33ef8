import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

// A plain member for the tests of the data plane, run as a process of its own so that it can be killed. Its name
// is its argument; it tells its port on standard output. What it does is chosen by the path.

const name = process.argv[2] ?? 'unnamed';
const waiting: ServerResponse[] = [];

function answer(response: ServerResponse, body: string): void {
  response.setHeader('x-member', name);
  response.setHeader('x-pid', process.pid);
  response.end(body);
}

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n';

const handlers: Readonly<
  Record<string, (request: IncomingMessage, response: ServerResponse, body: Buffer) => void>
> = {
  '/slow': (_request, response) => {
    setTimeout(() => answer(response, name), 20);
  },
  // Never answers by itself.
  '/wait': (_request, response) => {
    waiting.push(response);
    process.stdout.write('waiting\n');
  },
  '/poison': () => process.kill(process.pid, 'SIGKILL'),
  '/half': (_request, response) => {
    response.writeHead(200, { 'content-length': 100, 'x-member': name });
    response.write('half', () => setTimeout(() => process.kill(process.pid, 'SIGKILL'), 20));
  },
  // As servers do that write head and body one after the other, here with the end between the two.
  '/head': (request, response, body) => {
    if (name !== 'a') answer(response, body.toString());
    else request.socket.write(HEAD, () => process.kill(process.pid, 'SIGKILL'));
  },
  '/head-alone': (request) => {
    request.socket.write(HEAD);
  },
  '/headers': (request, response) => answer(response, JSON.stringify(request.rawHeaders)),
  '/sum': (_request, response, body) =>
    answer(response, createHash('sha256').update(body).digest('hex')),
  '/big': (_request, response) => {
    response.writeHead(200, { 'x-member': name });
    let left = 256;
    const more = (): void => {
      while (left > 0) {
        left -= 1;
        if (!response.write(Buffer.alloc(65_536, left))) {
          response.once('drain', more);
          return;
        }
      }
      response.end();
    };
    more();
  },
  '/trailers': (request, response, body) => {
    response.writeHead(200, { trailer: 'X-Sum', 'x-member': name });
    response.write(body);
    response.addTrailers({ 'X-Sum': request.trailers['x-sum'] ?? 'none' });
    response.end();
  },
  '/error': (_request, response) => {
    response.statusCode = 500;
    answer(response, name);
  },
  '/none': (_request, response) => {
    response.writeHead(204, { 'x-member': name });
    response.end();
  },
  '/once': (_request, response) => {
    response.setHeader('connection', 'close');
    answer(response, name);
  },
};

const server = createServer((request, response) => {
  const body: Buffer[] = [];
  request.on('data', (piece: Buffer) => body.push(piece));
  request.on('end', () => {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    const handler = handlers[path];
    if (handler === undefined) answer(response, name);
    else handler(request, response, Buffer.concat(body));
  });
});

server.on('upgrade', (_request, socket) => {
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n');
  socket.on('error', () => {});
  socket.pipe(socket);
});

const { LISTEN_FDS, HOTWARM_ACTIVATE_FD } = process.env;
if (LISTEN_FDS === undefined) {
  server.listen(Number(process.argv[3] ?? 0), '127.0.0.1', () => {
    const address = server.address();
    process.stdout.write(`port ${typeof address === 'object' ? address?.port : ''}\n`);
  });
} else {
  // With `via: socket` it inherits the sockets, and may have to wait until it is told to accept.
  if (HOTWARM_ACTIVATE_FD !== undefined)
    await once(createReadStream('', { fd: Number(HOTWARM_ACTIVATE_FD) }), 'data');
  server.listen({ fd: 3 });
}
