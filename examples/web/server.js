// A small web service. The response names the member, so that a takeover is visible.
import { createServer } from 'node:http';

const member = process.env.HOTWARM_MEMBER ?? 'alone';
const bodyBytesMax = 1024 * 1024;

function answer(request, response) {
  if (request.url === '/healthz') {
    response.end('ok\n');
  } else if (request.method === 'POST') {
    echo(request, response);
  } else {
    sendJson(response, 200, { member, pid: process.pid });
  }
}

function echo(request, response) {
  const chunks = [];
  let bytes = 0;
  request.on('data', (chunk) => {
    bytes += chunk.length;
    if (bytes <= bodyBytesMax) chunks.push(chunk);
  });
  request.on('end', () => {
    if (bytes > bodyBytesMax) sendJson(response, 413, { error: 'the body is too large' });
    else response.end(Buffer.concat(chunks));
  });
}

function sendJson(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}

// With `via: socket` this process inherits the listening sockets, as descriptors from 3 on.
const { LISTEN_PID, LISTEN_FDS, PORT } = process.env;
const inherited = LISTEN_PID === String(process.pid) ? Number(LISTEN_FDS) : 0;
const places =
  inherited > 0
    ? Array.from({ length: inherited }, (_, index) => ({ fd: 3 + index }))
    : [{ port: Number(PORT ?? 3000), host: '127.0.0.1' }];
const servers = places.map((place) => createServer(answer).listen(place));

// In-flight requests are answered, idle connections are closed, then the process exits.
process.on('SIGTERM', () => {
  for (const server of servers) server.close();
});
