// A member for the tests: answers with its name, tells in a file when it answered, and misbehaves on demand.
//   GET /            its name and pid
//   * /slow/MS       the same after MS milliseconds
//   SERVED_LOG       file that gets one line "member time-in-ms pid" before each answer (time since boot)
//   POST /op/ID      executes operation ID: one line "ID pid member" in OP_LOG, then the answer
//   START_LOG        file that gets one line "member pid" at each start
//   NEVER_LISTEN     it runs and does not listen
//   CRASH_AFTER      milliseconds after which it ends with exit code 7
//   BALLAST_MIB      memory that it holds beside its own
//   IGNORE_GO        with `traffic.accept: onActivate` it accepts from its start on nevertheless
//   BREAK_FILE       while this file exists it ends at once with exit code 7
import { appendFileSync, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { Socket } from 'node:net';

const { HOTWARM_MEMBER, SERVED_LOG, NEVER_LISTEN, CRASH_AFTER, BREAK_FILE, PORT, START_LOG } =
  process.env;
const { HOTWARM_ACTIVATE_FD, IGNORE_GO, OP_LOG } = process.env;

if (START_LOG !== undefined) appendFileSync(START_LOG, `${HOTWARM_MEMBER} ${process.pid}\n`);

if (BREAK_FILE !== undefined && existsSync(BREAK_FILE)) process.exit(7);
if (CRASH_AFTER !== undefined) setTimeout(() => process.exit(7), Number(CRASH_AFTER));

// Filled, as memory that was never written to is not there.
globalThis.ballast = Buffer.alloc(Number(process.env.BALLAST_MIB ?? 0) * 1024 ** 2, 1);

const handler = (request, response) => {
  if (request.url === '/healthz') {
    response.end('ok\n');
    return;
  }
  const operation = request.method === 'POST' ? /^\/op\/([\w-]+)$/.exec(request.url ?? '') : null;
  if (operation !== null) {
    appendFileSync(OP_LOG, `${operation[1]} ${process.pid} ${HOTWARM_MEMBER}\n`);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ id: operation[1] }));
    return;
  }
  const slow = /^\/slow\/(\d+)$/.exec(request.url ?? '');
  if (slow === null) answer(response);
  else setTimeout(() => answer(response), Number(slow[1]));
};

function answer(response) {
  if (SERVED_LOG !== undefined) {
    const atMs = Number(process.hrtime.bigint() / 1000n) / 1000;
    appendFileSync(SERVED_LOG, `${HOTWARM_MEMBER} ${atMs} ${process.pid}\n`);
  }
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ member: HOTWARM_MEMBER, pid: process.pid }));
}

// Listening sockets that are inherited come as descriptors from 3 on; LISTEN_PID says that they are meant for this process.
const inherited =
  process.env.LISTEN_PID === String(process.pid) ? Number(process.env.LISTEN_FDS) : 0;
const places =
  inherited > 0
    ? Array.from({ length: inherited }, (_, index) => ({ fd: 3 + index }))
    : [{ port: Number(PORT), host: '127.0.0.1' }];
const servers = places.map(() => createServer(handler));
// The last one is its own, where it is probed; the others may have to wait for the go.
const goFd =
  IGNORE_GO === undefined && HOTWARM_ACTIVATE_FD !== undefined ? Number(HOTWARM_ACTIVATE_FD) : null;

function listenAt(isMine) {
  servers.forEach((server, index) => {
    if (isMine(index)) server.listen(places[index]);
  });
}

process.on('SIGTERM', () => {
  for (const server of servers) server.close();
  setTimeout(() => process.exit(0), 200).unref();
});

if (NEVER_LISTEN !== undefined) setInterval(() => {}, 60_000);
else if (goFd === null) listenAt(() => true);
else {
  const own = servers.length - 1;
  listenAt((index) => index === own);
  new Socket({ fd: goFd }).once('data', () => listenAt((index) => index !== own));
}
