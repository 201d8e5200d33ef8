import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { assertHostReady, runCheck } from '../../src/cli/commands/check.ts';
import { findHolders } from '../../src/cli/preflight/holder.ts';
import {
  SOCKET_STATE,
  socketInodes,
  UNIX_STATE,
  unixInodes,
} from '../../src/drivers/os/sockets.ts';
import { loadConfig } from '../../src/config/load.ts';
import { readProcessStat } from '../../src/drivers/os/proc.ts';
import { recordPath, writeRecord } from '../../src/drivers/member/process/run-record.ts';
import { holdStateDir } from '../../src/drivers/store/state-lock.ts';
import { AppError } from '../../src/errors.ts';
import { makePair } from '../drivers/traffic/certificates.ts';
import { Capture } from './capture.ts';
import { within } from '../eventually.ts';

type Parts = {
  /** More keys of `traffic`. */
  readonly traffic?: string;
  readonly agent?: string;
  readonly memberB?: string;
  readonly probe?: string;
  readonly more?: string;
};

type Place = { readonly directory: string; readonly file: string; readonly ports: number[] };

/** A sound configuration on ports that are free, with some of its parts replaced. */
async function place(t: TestContext, parts: Parts = {}): Promise<Place> {
  const directory = mkdtempSync(join(tmpdir(), 'hotwarm-check-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const servers = await Promise.all([listen(), listen(), listen(), listen()]);
  const ports = servers.map(portOf);
  await Promise.all(servers.map(close));
  const [api, front, a, b] = ports;
  const file = join(directory, 'hotwarm.yaml');
  writeFileSync(
    file,
    `agent: { api: 127.0.0.1:${api}${parts.agent ?? ''} }
services:
  shop:
    members:
      a: { command: [node, a.js], port: ${a} }
      b: { port: ${b}, ${parts.memberB ?? 'command: [node, b.js]'} }
    traffic: { listen: 127.0.0.1:${front}${parts.traffic ?? ''} }
    probe: { ${parts.probe ?? 'http: /healthz'} }
${parts.more ?? ''}
`,
  );
  return { directory, file, ports };
}

async function listen(port = 0): Promise<Server> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}

async function close(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}

async function checkJson(file: string) {
  const out = new Capture();
  const exit = await runCheck({ config: file, json: true, simulate: false, locale: 'en', out });
  return { exit, answer: JSON.parse(out.text) };
}

async function codesFound(file: string): Promise<string[]> {
  const { answer } = await checkJson(file);
  return answer.preflight.map(({ level, code }: Record<string, string>) => `${level} ${code}`);
}

test('a sound configuration is summed up with what its timings imply', async (t) => {
  const { file } = await place(t);
  const out = new Capture();
  assert.equal(
    await runCheck({ config: file, json: false, simulate: false, locale: 'en', out }),
    0,
  );
  for (const part of ['service shop', 'a: hot, preferred', 'active process hangs', 'lease']) {
    assert.ok(out.text.includes(part), part);
  }
});

test('the report says who can read and who can send commands', async (t) => {
  const report = async (agent: string): Promise<string> => {
    const { file } = await place(t, { agent });
    const out = new Capture();
    await runCheck({ config: file, json: false, simulate: false, locale: 'en', out });
    return out.text;
  };
  const open = await report(', apiSocket: ./api.sock');
  assert.match(open, /^API on \/.+\/api\.sock: root and the agent's user can .* send commands$/m);
  assert.match(open, /^API on http:.+: every local user can read; only root and the agent's user/m);
  assert.match(await report(', token: 0123456789abcdef'), /^API on http:.+agent\.token/m);
});

test('as JSON, a prediction is given for each kind of fault', async (t) => {
  const { file } = await place(t);
  const { exit, answer } = await checkJson(file);
  assert.equal(exit, 0);
  assert.equal(answer.ok, true);
  assert.deepEqual(answer.preflight, []);
  const kinds = answer.services.shop.takeovers.map(({ fault }: { fault: string }) => fault);
  assert.deepEqual(kinds, ['crash', 'hang', 'portClosed', 'agentKilled', 'slow']);
});

test('a faulty configuration is refused with its list, and as JSON answered with it', async (t) => {
  const { file } = await place(t, { probe: 'http: /, timeout: 5' });
  const out = new Capture();
  await assert.rejects(
    runCheck({ config: file, json: false, simulate: false, locale: 'en', out }),
    (error) => error instanceof AppError && error.code === 'configInvalid',
  );
  const { exit, answer } = await checkJson(file);
  assert.equal(exit, 3);
  assert.deepEqual([answer.faults[0].code, answer.faults[0].line], ['badDuration', 8]);
});

test('timings that cannot keep the objective are refused, and the report says which', async (t) => {
  const { file } = await place(t, { more: '    objectives: { rto: 905ms }' });
  const out = new Capture();
  await assert.rejects(
    runCheck({ config: file, json: false, simulate: false, locale: 'en', out }),
    (error) => error instanceof AppError && error.code === 'configInvalid',
  );
  assert.match(out.text, /active process hangs .*EXCEEDS rto/);
  const { exit, answer } = await checkJson(file);
  assert.equal(exit, 3);
  assert.equal(answer.services.shop.beyondRto[0].fault, 'hang');
});

test('a port in use is named with the process that holds it', async (t) => {
  const { file, ports } = await place(t);
  const server = await listen(ports[2]);
  t.after(() => close(server));
  const { exit, answer } = await checkJson(file);
  assert.equal(exit, 3);
  assert.equal(answer.preflight.length, 1);
  assert.equal(answer.preflight[0].code, 'portTaken');
  assert.equal(answer.preflight[0].where, 'services.shop.members.a.port');
  assert.ok(answer.preflight[0].message.includes(`pid ${process.pid} `));
  await assert.rejects(
    runCheck({ config: file, json: false, simulate: false, locale: 'en', out: new Capture() }),
    (error) => error instanceof AppError && error.code === 'preflightFailed',
  );
});

test('the holder of a port that nobody listens on is nobody', async () => {
  const server = await listen();
  const port = portOf(server);
  assert.equal(findHolders([port]).get(port)?.pid, process.pid);
  await close(server);
  assert.equal(findHolders([port]).size, 0);
});

/** One line of /proc/net/tcp. */
function row(local: string, state: string, inode: number): string {
  const queues = '00000000:00000000 00:00000000 00000000';
  return `   0: ${local} 00000000:0000 ${state} ${queues}     0        0 ${inode} 1 0`;
}

test('only listening sockets of exactly that port count', () => {
  const head =
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
  const table = [
    head,
    row('0100007F:1F90', '0A', 11),
    row('0100007F:1F90', '01', 12),
    row('0100007F:1F91', '0A', 13),
    row('00000000000000000000000000000000:1F90', '0A', 14),
  ].join('\n');
  assert.deepEqual(socketInodes(table, 8080, SOCKET_STATE.listening), ['11', '14']);
});

test('of the Unix sockets at a path those of one state count', () => {
  const table = [
    'Num       RefCount Protocol Flags    Type St Inode Path',
    '0000000000000000: 00000002 00000000 00010000 0001 01 21 /run/shop.sock',
    '0000000000000000: 00000003 00000000 00000000 0001 03   22 /run/shop.sock',
    '0000000000000000: 00000003 00000000 00000000 0001 03 23 /run/shop.sock2',
    '0000000000000000: 00000003 00000000 00000000 0001 03 24',
  ].join('\n');
  assert.deepEqual(unixInodes(table, '/run/shop.sock', UNIX_STATE.connected), ['22']);
  assert.deepEqual(unixInodes(table, '/run/shop.sock', UNIX_STATE.unconnected), ['21']);
});

test('a path that cannot be listened on, an owner who is nobody and a backlog that is cut are found', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'hotwarm-check-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const [taken, file] = [join(directory, 'taken'), join(directory, 'file')];
  const server = createServer().listen(taken);
  await once(server, 'listening');
  t.after(() => close(server));
  writeFileSync(file, 'precious');
  const listeners = `{ one: 'unix:${taken}', two: 'unix:${file}', three: 'unix:${directory}/none/x' }`;
  const { file: config } = await place(t, {
    traffic: `, via: socket, backlog: 65535, listeners: ${listeners}, unix: { owner: no-such-user }`,
  });
  assert.deepEqual(await codesFound(config), [
    'error portTaken',
    'error pathUnusable',
    'error pathUnusable',
    'error userUnusable',
    // Unless this kernel lets as many wait as a file can ask for.
    ...(Number(readFileSync('/proc/sys/net/core/somaxconn')) < 65_535
      ? ['warning backlogCapped']
      : []),
  ]);
});

test('what this machine lacks is found all at once', async (t) => {
  const memberB = 'command: [./none], user: no-such-user';
  const { file } = await place(t, { memberB, probe: 'command: [no-such-probe]' });
  assert.deepEqual(await codesFound(file), [
    'error binaryMissing',
    'error userUnusable',
    'error binaryMissing',
  ]);
});

test('a file that may not be executed is not a command', async (t) => {
  const { file, directory } = await place(t, { memberB: 'command: [./b.sh]' });
  writeFileSync(join(directory, 'b.sh'), '#!/bin/sh\n', { mode: 0o644 });
  assert.deepEqual(await codesFound(file), ['error binaryMissing']);
});

test('a working directory that is missing is told instead of the command in it', async (t) => {
  const { file } = await place(t, { memberB: 'command: [./b.sh], cwd: ./none' });
  assert.deepEqual(await codesFound(file), ['error cwdMissing']);
});

test('a state directory that cannot be one is found', async (t) => {
  const { file, directory } = await place(t, { agent: ', stateDir: ./file/state' });
  writeFileSync(join(directory, 'file'), '');
  assert.deepEqual(await codesFound(file), ['error stateUnusable']);
});

test('an address of another machine is found', async (t) => {
  const { file } = await place(t, { memberB: 'command: [node], address: 192.0.2.1' });
  assert.deepEqual(await codesFound(file), ['error addressForeign']);
});

test('while an agent runs with this state, its ports are not held against it', async (t) => {
  const { file, directory, ports } = await place(t);
  mkdirSync(join(directory, '.hotwarm'));
  const held = holdStateDir({ path: join(directory, '.hotwarm'), host: 'h1' });
  t.after(() => held.close());
  const server = await listen(ports[0]);
  t.after(() => close(server));
  assert.deepEqual(await codesFound(file), ['warning agentRunning']);
});

test('what a killed agent left running is noted, but does not stop the next one', async (t) => {
  const { file, directory, ports } = await place(t);
  const [, , port] = ports;
  const script = `require('node:net').createServer().listen(${port}, '127.0.0.1', () => console.log('up'))`;
  const env = { ...process.env, HOTWARM_RUN: 'run-1' };
  const child = spawn(process.execPath, ['-e', script], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data', { signal: within(20_000) });
  assert.deepEqual(await codesFound(file), ['error portTaken']);
  writeRecord(recordPath(join(directory, '.hotwarm'), 'shop', 'a'), {
    main: { pid: child.pid!, startTicks: readProcessStat(child.pid!)!.startTicks },
    init: null,
    cgroup: { unified: null, freezer: null, cpu: null },
    runId: 'run-1',
    recipe: 'recipe-1',
  });
  assert.deepEqual(await codesFound(file), ['warning leftover']);
  await assertHostReady(loadConfig(file));
});

test('an observed service’s ports and commands are somebody else’s', async (t) => {
  const memberB = 'command: [no-such-binary]';
  const { file, ports } = await place(t, { memberB, more: '    mode: observe' });
  const server = await listen(ports[1]);
  t.after(() => close(server));
  assert.deepEqual(await codesFound(file), []);
});

test('a start is refused for what this machine lacks', async (t) => {
  const { file } = await place(t, { memberB: 'command: [no-such-binary]' });
  await assert.rejects(
    assertHostReady(loadConfig(file)),
    (error) => error instanceof AppError && error.code === 'preflightFailed',
  );
});

test('a probe that cannot see a hang is pointed out', async (t) => {
  const { file } = await place(t, { probe: 'tcp: true' });
  const { answer } = await checkJson(file);
  assert.deepEqual(
    answer.services.shop.advice.map(({ code }: { code: string }) => code),
    ['tcpSeesNoHang'],
  );
});

const tlsOf = (certFile: string, keyFile: string): string =>
  `, tls: { cert: ${certFile}, key: ${keyFile} }`;

test('certificates that cannot be used are found, each with what is wrong with it', async (t) => {
  const [good, other] = [makePair(t, 'shop.test'), makePair(t, 'other.test')];
  const [old, ending] = [makePair(t, 'old.test', -1), makePair(t, 'ending.test', 3)];
  const CASES: readonly (readonly [traffic: string, codes: readonly string[]])[] = [
    [tlsOf(good.certFile, good.keyFile), []],
    [tlsOf('missing.pem', good.keyFile), ['error certificateUnreadable']],
    [tlsOf(good.keyFile, good.keyFile), ['error certificateUnreadable']],
    [tlsOf(good.certFile, 'missing.pem'), ['error keyUnreadable']],
    [tlsOf(good.certFile, good.certFile), ['error keyUnreadable']],
    [tlsOf(good.certFile, other.keyFile), ['error keyMismatch']],
    [tlsOf(old.certFile, old.keyFile), ['error certificateExpired']],
    [tlsOf(ending.certFile, ending.keyFile), ['warning certificateEnding']],
    [`, backend: { tls: { ca: ${good.certFile} } }`, []],
    [', backend: { tls: { ca: missing.pem } }', ['error authorityUnreadable']],
    [`, backend: { tls: { ca: ${good.keyFile} } }`, ['error authorityUnreadable']],
    [', clients: { maxConnections: 1000000 }', ['warning fewDescriptors']],
  ];
  for (const [traffic, codes] of CASES) {
    const { file } = await place(t, { traffic });
    assert.deepEqual(await codesFound(file), codes, traffic);
  }
});

test('a start is refused for a certificate that has expired, in words', async (t) => {
  const { certFile, keyFile } = makePair(t, 'old.test', -1);
  const { file } = await place(t, { traffic: tlsOf(certFile, keyFile) });
  await assert.rejects(assertHostReady(loadConfig(file)), (error) => {
    assert.ok(error instanceof AppError && error.code === 'preflightFailed');
    assert.match(error.text.message.en, /valid from .* to .* \[certificateExpired\]/);
    return true;
  });
});
