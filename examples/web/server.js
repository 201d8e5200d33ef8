// A small web service. Which member answers is part of the answer, so that a takeover can be seen.
import { createServer } from 'node:http';

const member = process.env.HOTWARM_MEMBER ?? 'alone';
const bodyBytesMax = 1024 * 1024;

const server = createServer((request, response) => {
  if (request.url === '/healthz') {
    response.end('ok\n');
  } else if (request.method === 'POST') {
    echo(request, response);
  } else {
    sendJson(response, 200, { member, pid: process.pid });
  }
});

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

// Requests under way are answered, idle connections are closed, then the process ends by itself.
process.on('SIGTERM', () => server.close());

server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
