import { createServer } from 'node:http';

// The server behind every proxy of bench/proxy.ts, and the member of its service without one: a small answer and a large one, made beforehand.

const SMALL = Buffer.from(JSON.stringify({ member: 'a', text: 'x'.repeat(60) }));
const LARGE = Buffer.alloc(64 * 1024, 'x');

const FIRST_FD = 3;

function serve(
  at: { readonly fd: number } | { readonly port: number; readonly host: string },
): void {
  createServer((request, response) => {
    const body = request.url === '/large' ? LARGE : SMALL;
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
    response.end(body);
  }).listen(at);
}

// With `via: socket` the listening sockets are inherited.
const handed = Number(process.env.LISTEN_FDS ?? 0);
if (handed === 0) serve({ port: Number(process.env.PORT), host: '127.0.0.1' });
for (let fd = FIRST_FD; fd < FIRST_FD + handed; fd += 1) serve({ fd });
