// Inherits its listening sockets, and accepts clients after its activation (`accept: onActivate`).
import { createServer } from 'node:http';
import { Socket } from 'node:net';

const { HOTWARM_MEMBER, HOTWARM_ACTIVATE_FD, HOTWARM_BACKLOG, LISTEN_FDS } = process.env;
const descriptors = Array.from({ length: Number(LISTEN_FDS) }, (_, index) => 3 + index);
const own = descriptors.pop(); // The last one is for probes of this member.

const servers = new Set();
function serve(fd) {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(`${JSON.stringify({ member: HOTWARM_MEMBER, pid: process.pid })}\n`);
  });
  servers.add(server.listen({ fd }, Number(HOTWARM_BACKLOG)));
}

serve(own);
new Socket({ fd: Number(HOTWARM_ACTIVATE_FD) }).once('data', () => descriptors.forEach(serve));

process.on('SIGTERM', () => {
  for (const server of servers) server.close();
  setTimeout(() => process.exit(0), 500).unref();
});
