import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { startApi } from '../../src/api/server.ts';
import { runCli } from '../../src/cli/program.ts';
import type { StoredIncident } from '../../src/agent/contract.ts';
import { changeService, failOn, FakeView, makeIncident, wellState } from '../api/fake-view.ts';

type Run = { readonly exitCode: number; readonly out: string; readonly err: string };

class Sink extends Writable {
  text = '';
  readonly isTTY: boolean;

  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
  }

  override _write(chunk: unknown, _encoding: string, done: () => void): void {
    this.text += String(chunk);
    done();
  }
}

type Options = {
  readonly isTTY?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
};

async function run(args: readonly string[], options: Options = {}): Promise<Run> {
  const out = new Sink(options.isTTY ?? false);
  const err = new Sink(false);
  const exitCode = await runCli(args, {
    out,
    err,
    env: options.env ?? {},
    stopSignal: () => options.signal ?? new AbortController().signal,
  });
  return { exitCode, out: out.text, err: err.text };
}

type Call = (args: readonly string[], options?: Options) => Promise<Run>;

function withAgent(
  title: string,
  body: (agent: { readonly view: FakeView; readonly call: Call }) => Promise<void>,
  token: string | null = null,
): void {
  test(title, async () => {
    const view = new FakeView();
    const api = await startApi({
      view,
      host: '127.0.0.1',
      port: 0,
      token,
      socket: null,
      onDefect: failOn,
    });
    try {
      const call: Call = async (args, options) =>
        run(['--api', `127.0.0.1:${api.port}`, ...args], options);
      await body({ view, call });
    } finally {
      await api.close();
    }
  });
}

function expectError(result: Run, exitCode: number, named: RegExp): void {
  assert.equal(result.exitCode, exitCode, result.err);
  assert.match(result.err, /^hotwarm: .+\nwhy: {2}.+\nfix: {2}.+\n$/);
  assert.match(result.err, named);
  assert.equal(result.out, '');
}

withAgent('status names the active, the standby and their health', async ({ call }) => {
  const { exitCode, out, err } = await call(['status']);
  assert.deepEqual([exitCode, err], [0, '']);
  assert.match(out, /^shop +OK +active a +epoch 3/);
  assert.match(out, /^\* +a +active +hot +healthy +yes +4000/m);
  assert.match(out, /^ +b +standby +warm +healthy +yes +4001/m);
});

withAgent('status --json is what the API says', async ({ view, call }) => {
  view.current = wellState(['shop', 'bank']);
  const all = JSON.parse((await call(['status', '--json'])).out);
  assert.deepEqual(Object.keys(all.services), ['shop', 'bank']);
  const one = JSON.parse((await call(['status', 'bank', '--json'])).out);
  assert.deepEqual(Object.keys(one.services), ['bank']);
  assert.deepEqual(one.services.bank, all.services.bank);
  expectError(await call(['status', 'nowhere']), 5, /nowhere/);
});

withAgent('status --watch shows a change and ends when it is told to', async ({ view, call }) => {
  const stop = new AbortController();
  const states = view.state.bind(view);
  let asked = 0;
  view.state = () => {
    asked += 1;
    if (asked === 6) stop.abort();
    const state = states();
    return asked < 4
      ? state
      : changeService(state, 'shop', (service) => ({
          ...service,
          leadership: { who: 'here', member: 'b' },
        }));
  };
  const { exitCode, out } = await call(['status', '--watch'], { signal: stop.signal });
  assert.equal(exitCode, 0);
  assert.match(out, /active a/);
  assert.match(out, /active b/);
});

withAgent('colours appear on a terminal only, and not with NO_COLOR', async ({ call }) => {
  const escape = '\u001B[';
  assert.ok((await call(['status'], { isTTY: true })).out.includes(escape));
  assert.ok(!(await call(['status'])).out.includes(escape));
  const plain = await call(['status'], { isTTY: true, env: { NO_COLOR: '1' } });
  assert.ok(!plain.out.includes(escape));
});

withAgent('the language is the one of the environment or of --lang', async ({ call }) => {
  assert.match((await call(['status'], { env: { LANG: 'zh_CN.UTF-8' } })).out, /主用 a/);
  assert.match((await call(['--lang', 'zh', 'status'])).out, /主用 a/);
  const english = await call(['status', '--lang', 'en'], { env: { LANG: 'zh_CN.UTF-8' } });
  assert.match(english.out, /active a/);
});

withAgent('a move is quiet where nobody looks and exits 0', async ({ view, call }) => {
  view.stored = [makeIncident(7)];
  const result = await call(['switchover', '--to', 'b']);
  assert.deepEqual(result, { exitCode: 0, out: '', err: '' });
  assert.deepEqual(view.commands, [{ type: 'switchover', service: 'shop', to: 'b' }]);
});

withAgent('a move shows its progress on a terminal until it has ended', async ({ view, call }) => {
  const ended = makeIncident(7);
  const entries = ended.incident.timeline;
  let polls = 0;
  view.incident = (): StoredIncident | null => {
    polls += 1;
    if (polls === 1) return null;
    if (polls > 4) return ended;
    const incident = { ...ended.incident, outcome: 'underWay', timeline: entries.slice(0, polls) };
    return { ...ended, incident } as StoredIncident;
  };
  const { exitCode, out } = await call(['failover', 'shop'], {
    isTTY: true,
    env: { NO_COLOR: '1' },
  });
  assert.equal(exitCode, 0);
  assert.equal(out.trimEnd().split('\n').length, entries.length + 1);
  assert.match(out, /b chosen to take over\n/);
});

for (const outcome of ['failed', 'aborted'] as const) {
  withAgent(`a move that ${outcome} exits 6 and names what to read`, async ({ view, call }) => {
    view.stored = [makeIncident(7, { outcome })];
    expectError(await call(['failback']), 6, /hotwarm explain 7/);
  });
}

withAgent('a move that does not end in time exits 6', async ({ view, call }) => {
  view.stored = [makeIncident(7, { outcome: 'underWay' })];
  expectError(await call(['failback', '--timeout', '1']), 6, /did not end within/);
});

withAgent('a refused command exits 5 and says why', async ({ view, call }) => {
  view.answer = { accepted: false, refusal: { code: 'holdDown', remainingMs: 9000 } };
  expectError(await call(['failback']), 5, /9 s/);
  view.answer = { accepted: false, refusal: { code: 'unknownMember', member: 'z' } };
  expectError(await call(['failover', '--to', 'z']), 5, /no member z/);
});

withAgent('pause and resume reach the agent', async ({ view, call }) => {
  view.answer = { accepted: true, incident: null };
  assert.deepEqual(await call(['pause']), { exitCode: 0, out: '', err: '' });
  const resumed = await call(['resume', 'shop', '--json']);
  assert.deepEqual(JSON.parse(resumed.out), { service: 'shop', paused: false });
  assert.deepEqual(view.commands, [
    { type: 'pause', service: 'shop' },
    { type: 'resume', service: 'shop' },
  ]);
});

withAgent('of several services a command wants one named', async ({ view, call }) => {
  view.current = wellState(['shop', 'bank']);
  expectError(await call(['pause']), 2, /shop, bank/);
  assert.deepEqual(view.commands, []);
});

function idsOf(text: string): string[] {
  return [...text.matchAll(/^(\d+) /gm)].map(([, id]) => id ?? '');
}

withAgent('history lists incidents newest first, within the limit', async ({ view, call }) => {
  view.stored = [makeIncident(1), makeIncident(2, { service: 'bank' }), makeIncident(3)];
  assert.deepEqual(idsOf((await call(['history'])).out), ['3', '2', '1']);
  assert.deepEqual(idsOf((await call(['history', 'shop'])).out), ['3', '1']);
  assert.deepEqual(idsOf((await call(['history', '-n', '1'])).out), ['3']);
  const { incidents } = JSON.parse((await call(['history', '--json'])).out);
  assert.equal(incidents.length, 3);
  view.stored = [];
  assert.match((await call(['history'])).out, /no incidents yet/);
});

withAgent(
  'explain tells cause, evidence, candidates, steps and timeline',
  async ({ view, call }) => {
    view.stored = [makeIncident(1, { from: 'x' }), makeIncident(2)];
    const { exitCode, out } = await call(['explain', '2']);
    assert.equal(exitCode, 0);
    assert.match(out, /^failover 2: a → b, succeeded, 19 ms without service$/m);
    assert.match(out, /^cause +a failed: process exited$/m);
    assert.match(out, /killed by SIGKILL \(kernel\)/);
    assert.match(out, /^ +b +chosen/m);
    assert.match(out, /^ +c +too slow: p95 350 ms, limit 200 ms$/m);
    assert.match(out, /^ +switch +4\.5 ms$/m);
    assert.match(out, /^ +\+9\.0 ms +b is serving$/m);
    assert.match((await call(['explain', '1'])).out, /x → b/);
  },
);

withAgent(
  'explain without a number adds what is considered and not done',
  async ({ view, call }) => {
    view.stored = [makeIncident(2)];
    const refusal = { code: 'holdDown', remainingMs: 9000 } as const;
    view.current = changeService(view.current, 'shop', (service) => ({
      ...service,
      refusals: [{ at: 4000, refusal }],
    }));
    const { out } = await call(['explain']);
    assert.match(out, /^failover 2/);
    assert.match(out, /^ +shop +for 6 s +.*9 s/m);
    const json = JSON.parse((await call(['explain', '--json'])).out);
    assert.deepEqual([json.incident.incident.id, json.blocked[0].reason], [2, refusal]);
  },
);

withAgent('explain of an unknown incident exits 5', async ({ call }) => {
  expectError(await call(['explain', '99']), 5, /no incident 99/);
});

withAgent(
  'a token comes from the environment',
  async ({ call }) => {
    expectError(await call(['status']), 5, /token/);
    assert.equal((await call(['status'], { env: { HOTWARM_TOKEN: 'secret' } })).exitCode, 0);
  },
  'secret',
);

test('commands go by the Unix socket, and over TCP where there is none', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'hotwarm-cli-'));
  const socket = join(dir, 'agent.sock');
  const view = new FakeView();
  const host = '127.0.0.1';
  const api = await startApi({ view, host, port: 0, token: 'secret', socket, onDefect: failOn });
  try {
    const file = join(dir, 'hotwarm.yaml');
    const pause = async (port: number, apiSocket: string): Promise<Run> => {
      writeFileSync(
        file,
        `agent: { api: '127.0.0.1:${port}', apiSocket: ${apiSocket} }
services:
  shop:
    members:
      a: { command: [/bin/true], port: 3001 }
      b: { command: [/bin/true], port: 3002 }
    traffic: { listen: '127.0.0.1:8080' }
    probe: { http: /healthz }
`,
      );
      return await run(['-c', file, 'pause', 'shop']);
    };
    const overSocket = await pause(1, 'agent.sock');
    assert.deepEqual([overSocket.exitCode, overSocket.err], [0, '']);
    expectError(await pause(1, 'none.sock'), 4, /127\.0\.0\.1:1/);
    expectError(await pause(api.port, 'none.sock'), 5, /token/);
    assert.equal(view.commands.length, 1);
  } finally {
    await api.close();
    rmSync(dir, { recursive: true, force: true });
  }
});

test('an agent that does not answer exits 4 and names the address', async () => {
  const view = new FakeView();
  const api = await startApi({
    view,
    host: '127.0.0.1',
    port: 0,
    token: null,
    socket: null,
    onDefect: failOn,
  });
  await api.close();
  for (const command of ['status', 'history', 'explain', 'pause', 'switchover']) {
    const result = await run(['--api', `127.0.0.1:${api.port}`, command]);
    expectError(result, 4, new RegExp(`127\\.0\\.0\\.1:${api.port}`));
  }
});

test('a configuration that is missing exits 3 and names the file', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'hotwarm-cli-'));
  try {
    expectError(await run(['status', '-c', join(dir, 'none.yaml')]), 3, /none\.yaml/);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

for (const [title, args, named] of [
  ['an unknown command, with the one that was meant', ['stauts'], /status/],
  ['an unknown option', ['status', '--jsno'], /--json/],
  ['a number that is none', ['explain', 'seven'], /seven/],
  ['a limit out of range', ['history', '-n', '0'], /0/],
  ['an address without a port', ['--api', 'localhost', 'status'], /HOST:PORT/],
  ['an unknown language', ['--lang', 'fr', 'status'], /fr/],
  ['one argument too many', ['status', 'a', 'b'], /too many/],
] as const) {
  test(`${title}, is a usage error`, async () => {
    expectError(await run(args), 2, named);
  });
}

test('help and version are answers, not errors', async () => {
  const help = await run(['--help']);
  assert.deepEqual([help.exitCode, help.err], [0, '']);
  for (const command of ['init', 'check', 'up', 'status', 'switchover', 'explain', 'demo']) {
    assert.match(help.out, new RegExp(`^ +${command} `, 'm'));
  }
  const version = await run(['--version']);
  assert.match(version.out, /^\d+\.\d+\.\d+\n$/);
  assert.equal((await run(['switchover', '--help'])).exitCode, 0);
});

test('the process ends with the exit code of its command', async () => {
  const main = join(import.meta.dirname, '../../src/cli/main.ts');
  const child = spawn(process.execPath, [main, 'stauts'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.resume();
  child.stderr.resume();
  const [exitCode] = await once(child, 'close');
  assert.equal(exitCode, 2);
});
