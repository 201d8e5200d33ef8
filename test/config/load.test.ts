import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import * as fc from 'fast-check';
import { loadConfig, readConfig } from '../../src/config/load.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { AppError } from '../../src/errors.ts';

const FULL = `agent:
  host: h1
  stateDir: ./.hotwarm
  api: 127.0.0.1:7070
  store: embedded
services:
  shop:
    kind: process
    exclusive: false
    members:
      b: { host: h1, command: [node, server.js], port: 3001 }
      a: { host: h1, command: [node, server.js], port: 3002, temperature: warm, cpu: 20% }
    traffic:  { listen: 127.0.0.1:8080, via: proxy, protocol: http }
    probe:    { http: /healthz, interval: 100ms, timeout: 300ms }
    takeover: { maxP95: 200ms, maxLag: 0, degraded: serve }
    failback: { mode: auto, after: 30s }
    objectives: { rto: 1s, rpo: 0, availability: 99.99% }
    mode: manage
`;

function write(t: TestContext, text: string): { file: string; directory: string } {
  const directory = mkdtempSync(join(tmpdir(), 'hotwarm-config-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'hotwarm.yaml');
  writeFileSync(file, text);
  return { file, directory };
}

function load(t: TestContext, text: string) {
  const service = loadConfig(write(t, text).file).services[0];
  assert.ok(service);
  return service;
}

test('a full configuration comes out complete, in milliseconds, bytes and absolute paths', (t) => {
  const { file, directory } = write(t, FULL);
  const config = loadConfig(file);
  assert.deepEqual(config.agent, {
    host: 'h1',
    stateDir: join(directory, '.hotwarm'),
    api: {
      host: '127.0.0.1',
      port: 7070,
      token: null,
      socket: join(directory, '.hotwarm/agent.sock'),
    },
    store: { type: 'embedded' },
  });
  const [shop] = config.services;
  assert.ok(shop);
  assert.equal(config.core.services[0], shop.core);
  assert.deepEqual(shop.objectives, { rtoMs: 1000, rpoBytes: 0, availability: 0.9999 });
  assert.deepEqual(shop.ready, shop.probe);
  assert.deepEqual(shop.members[1], {
    name: 'a',
    host: 'h1',
    address: '127.0.0.1',
    port: 3002,
    command: ['node', 'server.js'],
    temperature: 'warm',
    cpuShare: 0.2,
    env: {},
    cwd: directory,
    user: null,
  });
});

test('the first member of the file is preferred, whatever its name', (t) => {
  assert.deepEqual(
    load(t, FULL).core.members.map(({ name }) => name),
    ['b', 'a'],
  );
});

test('the detection bound follows from time-out and interval unless it is given', (t) => {
  const bound = (probe: string): number => {
    const text = FULL.replace('interval: 100ms, timeout: 300ms', probe).replace(
      'maxP95: 200ms, ',
      '',
    );
    return load(t, text).core.detection.maxSilenceMs;
  };
  assert.equal(bound('interval: 20ms, timeout: 100ms'), 100);
  assert.equal(bound('interval: 100ms, timeout: 100ms'), 300);
  assert.equal(bound('interval: 100ms, timeout: 100ms, maxSilence: 250ms'), 250);
});

test('a lag limit is not handed to the core where no position can be read', (t) => {
  const { abilities, takeover } = load(t, FULL).core;
  assert.equal(abilities.position, false);
  assert.equal(takeover.lagBytes, null);
});

test('a degraded active switches over only where a limit says what slow is', (t) => {
  assert.equal(load(t, FULL).core.degraded.action, 'switchover');
  assert.equal(load(t, FULL.replace('maxP95: 200ms, ', '')).core.degraded.action, 'report');
});

test('readiness may be asked in another way and with another patience than health', (t) => {
  const text = FULL.replace(
    '    mode: manage',
    '    ready: { command: [./warm.sh] }\n    timeouts: { ready: 90s }',
  );
  const shop = load(t, text);
  assert.deepEqual(shop.ready, { type: 'command', command: ['./warm.sh'] });
  assert.deepEqual(shop.probe, { type: 'http', path: '/healthz', expect: null });
  assert.equal(shop.core.timeouts.readyMs, 90_000);
});

test('an anchor may be used again', (t) => {
  const text = FULL.replace(
    'b: { host: h1, command: [node, server.js]',
    'b: { command: &c [node, x.js]',
  );
  const shop = load(
    t,
    text.replace('command: [node, server.js], port: 3002', 'command: *c, port: 3002'),
  );
  assert.deepEqual(shop.members[1]?.command, ['node', 'x.js']);
});

test('a faulty file is refused as a whole, with every fault and its line in the text', (t) => {
  const { file } = write(
    t,
    FULL.replace('maxP95: 200ms', 'maxP95: 200').replace('mode: auto', 'mode: car'),
  );
  assert.throws(
    () => loadConfig(file),
    (error) => {
      assert.ok(error instanceof AppError);
      assert.equal(error.code, 'configInvalid');
      assert.equal(error.exitCode, 3);
      assert.ok(error.text.message.en.includes(`${file}:15:25: services.shop.takeover.maxP95`));
      assert.ok(error.text.message.en.includes(`${file}:16:23: services.shop.failback.mode`));
      assert.ok(
        error.text.message.en.includes('takeover: { maxP95: 200, maxLag: 0, degraded: serve }'),
      );
      return true;
    },
  );
});

test('a file that is not there, is a directory, or is no text is told apart from a faulty one', (t) => {
  const { file, directory } = write(t, '');
  writeFileSync(file, Buffer.from([0x80, 0x81, 0xff]));
  const remedies = [
    [join(directory, 'none.yaml'), /hotwarm init/],
    [directory, /file in it/],
    [file, /UTF-8/],
  ] as const;
  for (const [path, todo] of remedies) {
    assert.throws(
      () => loadConfig(path),
      (error) =>
        error instanceof AppError &&
        error.code === 'configMissing' &&
        todo.test(error.text.hint.en),
      path,
    );
  }
});

test('of a file without end no more is read than shows that it is too large', () => {
  const outcome = readConfig('/dev/zero');
  assert.ok(!outcome.ok);
  assert.deepEqual(
    outcome.faults.map(({ code }) => code),
    ['fileTooLarge'],
  );
});

test('a pipe is read, and one without a writer does not hang the command', (t) => {
  const { directory } = write(t, FULL);
  const pipe = join(directory, 'pipe');
  execFileSync('mkfifo', [pipe]);
  assert.throws(
    () => readConfig(pipe),
    (error: unknown) =>
      error instanceof AppError &&
      error.code === 'configMissing' &&
      error.text.reason.en.includes('no process writes'),
  );
  const writer = spawn('sh', ['-c', 'printf "# nothing" > "$0"', pipe], { stdio: 'ignore' });
  t.after(() => writer.kill());
  const outcome = readConfig(pipe);
  assert.ok(!outcome.ok);
  assert.equal(outcome.faults[0]?.code, 'emptyFile');
});

test('a file that is too large is told so even where the cut goes through a character', (t) => {
  const { file } = write(t, `# ${'x'.repeat(1024 * 1024 - 2)}é`);
  const outcome = readConfig(file);
  assert.ok(!outcome.ok);
  assert.equal(outcome.faults[0]?.code, 'fileTooLarge');
});

test('no text makes the parser throw, and whatever it refuses has a place and a remedy', () => {
  const line = fc.constantFrom(
    ...FULL.split('\n'),
    '\t',
    '- ',
    '}',
    '"',
    '  ? x',
    '&a *a',
    '!!x y',
  );
  const texts = fc.oneof(
    fc.string(),
    fc.array(line, { maxLength: 25 }).map((lines) => lines.join('\n')),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const outcome = parseConfig(text, 'h1');
      if (outcome.ok) return;
      assert.ok(outcome.faults.length > 0);
      for (const fault of outcome.faults) {
        assert.ok(fault.line >= 1 && fault.column >= 1);
        assert.ok(fault.text.message.en !== '' && fault.text.hint.en !== '');
      }
    }),
  );
});

test('an exclusive service needs no timings of its own: its drain fits the lease and the hold', (t) => {
  const exclusive = FULL.replace('exclusive: false', 'exclusive: true');
  const held = (time: string): string =>
    exclusive.replace('protocol: http }', `protocol: http, hold: { timeout: ${time} } }`);
  assert.equal(load(t, FULL).core.timeouts.drainMs, 10_000);
  assert.equal(load(t, exclusive).core.timeouts.drainMs, 6000);
  assert.equal(load(t, held('4s')).core.timeouts.drainMs, 4000);
  assert.equal(load(t, held('0s')).core.timeouts.drainMs, 6000);
});

test('the addresses of a shared socket come out in the order of their descriptors', (t) => {
  const traffic = `traffic:
      listen: unix:/run/shop.sock
      via: socket
      accept: onActivate
      listeners: { z: 127.0.0.1:1, b: '[::1]:2' }
      unix: { mode: '0600', owner: '1:2' }`;
  const shop = load(t, FULL.replace(/traffic: .*/, traffic));
  const socketTraffic = shop.traffic;
  assert.ok(socketTraffic.via === 'socket');
  const { listeners, backlog, accept, blocking, access } = socketTraffic;
  assert.deepEqual(
    { listeners, backlog, accept, blocking, access },
    {
      listeners: [
        { name: 'service', address: { path: '/run/shop.sock' } },
        { name: 'z', address: { host: '127.0.0.1', port: 1 } },
        { name: 'b', address: { host: '::1', port: 2 } },
      ],
      backlog: 4096,
      accept: 'onActivate',
      blocking: false,
      access: { mode: 0o600, owner: '1:2' },
    },
  );
  assert.equal(shop.members[0]?.temperature, 'hot', 'it can wait for its activation');
});

test('a standby is primed by its probe, by another path, or not at all', (t) => {
  const primed = (text: string) => {
    const { prime, core } = load(t, FULL.replace(/( +)probe: .*/, `$&\n$1${text}`));
    return [prime, core.primeMs];
  };
  assert.deepEqual(primed(''), [{ path: '/healthz', requests: 200 }, 1000]);
  assert.deepEqual(primed('prime: { http: /x, requests: 5, timeout: 2s }'), [
    { path: '/x', requests: 5 },
    2000,
  ]);
  assert.deepEqual(primed('prime: { requests: 0 }'), [null, null]);
});
