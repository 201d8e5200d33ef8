import { createServer } from 'node:http';

// The server behind every proxy of bench/proxy.ts: a small answer and a large one, made beforehand.

const SMALL = Buffer.from(JSON.stringify({ member: 'a', text: 'x'.repeat(60) }));
const LARGE = Buffer.alloc(64 * 1024, 'x');

createServer((request, response) => {
  const body = request.url === '/large' ? LARGE : SMALL;
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
  response.end(body);
}).listen(Number(process.env.PORT), '127.0.0.1');
