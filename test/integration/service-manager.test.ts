import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isWhole } from '../../src/drill/agent-process.ts';
import { isAlive } from './processes.ts';
import { pidOf, Sandbox, type Agent } from './sandbox.ts';
import { eventually } from '../eventually.ts';

// What a service manager is told, received on a datagram socket as systemd has one; and what SIGHUP does.

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const WATCHDOG_MS = 2000;

class Receiver {
  readonly path: string;
  /** Each message as its assignments. */
  readonly messages: (readonly string[])[] = [];

  private constructor(path: string) {
    this.path = path;
  }

  static async open(t: TestContext, sandbox: Sandbox): Promise<Receiver> {
    const receiver = new Receiver(sandbox.path('notify.sock'));
    const program = join(ROOT, 'test/integration/notify-receiver.py');
    const child = spawn('python3', [program, receiver.path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.after(() => child.kill('SIGKILL'));
    createInterface({ input: child.stdout }).on('line', (line) => {
      receiver.messages.push(JSON.parse(line) as string[]); // As the receiver prints them.
    });
    await receiver.until('the socket is bound', 'bound');
    return receiver;
  }

  /** Where a message with this assignment is, at or after `from`. */
  async until(what: string, wanted: string | RegExp, from = 0): Promise<number> {
    let found = -1;
    await eventually(
      what,
      () => {
        found = this.messages.findIndex((message, index) => index >= from && has(message, wanted));
        return found >= 0;
      },
      20_000,
    ).catch((error: unknown) => {
      throw new Error(`${what}; told: ${JSON.stringify(this.messages)}`, { cause: error });
    });
    return found;
  }
}

function has(message: readonly string[], wanted: string | RegExp): boolean {
  return message.some((one) => (typeof wanted === 'string' ? one === wanted : wanted.test(one)));
}

/** A service that a service manager runs. */
async function managed(
  t: TestContext,
): Promise<{ sandbox: Sandbox; receiver: Receiver; agent: Agent }> {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop();
  const receiver = await Receiver.open(t, sandbox);
  const agent = sandbox.up([
    'env',
    `NOTIFY_SOCKET=${receiver.path}`,
    `WATCHDOG_USEC=${WATCHDOG_MS * 1000}`,
  ]);
  return { sandbox, receiver, agent };
}

describe('under a service manager', () => {
  test('it hears of the start, of readiness once clients are served, of life, of a failover and of the end', async (t) => {
    const { sandbox, receiver, agent } = await managed(t);
    const ready = await receiver.until('ready', 'READY=1');
    assert.ok((await sandbox.ask()) !== null, 'clients are served once it is ready');
    const starting = await receiver.until('starting', 'STATUS=starting');
    assert.ok(starting < ready);
    const before = await agent.until('a whole service', isWhole);
    const ok = await receiver.until('all is well', /^STATUS=shop OK, a is serving$/);
    let at = ready;
    for (const which of ['first', 'second', 'third'])
      at = (await receiver.until(`the ${which} proof of life`, 'WATCHDOG=1', at)) + 1;
    process.kill(pidOf(before, 'a'), 'SIGKILL');
    await receiver.until('the failover', /^STATUS=shop .*, b is serving$/, ok);
    const told = receiver.messages.length;
    const { code } = await agent.stop();
    assert.equal(code, 0);
    const stopping = await receiver.until('stopping', 'STOPPING=1', told);
    assert.ok(has(receiver.messages[stopping] ?? [], /^EXTEND_TIMEOUT_USEC=\d+$/));
    assert.ok(!receiver.messages.slice(stopping).some((one) => has(one, 'WATCHDOG=1')));
  });

  test('a service that no member can serve does not keep the unit from being ready', async (t) => {
    const sandbox = await Sandbox.open(t);
    await sandbox.useShop({ a: { command: ['false'] }, b: { command: ['false'] } });
    const receiver = await Receiver.open(t, sandbox);
    const agent = sandbox.up(['env', `NOTIFY_SOCKET=${receiver.path}`]);
    await receiver.until('ready', 'READY=1');
    await receiver.until('the trouble', 'STATUS=shop DOWN, no member is serving');
    assert.ok(!receiver.messages.some((one) => has(one, 'WATCHDOG=1')), 'nobody asked for it');
    await agent.stop();
  });

  test('SIGHUP replaces the agent by what is installed now: told before the old one ends, members stay', async (t) => {
    const { sandbox, receiver, agent } = await managed(t);
    const before = await agent.until('a whole service', isWhole);
    const ready = await receiver.until('ready', 'READY=1');
    const load = sandbox.load();
    load.start();
    agent.signal('SIGHUP');
    const main = await receiver.until('another main process', /^MAINPID=/, ready);
    await eventually('the old agent is gone', () => agent.exited);
    await receiver.until('ready again', 'READY=1', main);
    await receiver.until('proof of life of the new one', 'WATCHDOG=1', main);
    await load.stop();
    assert.deepEqual(load.failures, []);
    const pid = Number(/MAINPID=(\d+)/.exec((receiver.messages[main] ?? []).join())?.[1]);
    assert.notEqual(pid, agent.pid);
    assert.ok(isAlive(pid));
    const words = receiver.messages.flat();
    assert.ok(words.includes('RELOADING=1'));
    assert.ok(!words.includes('STOPPING=1'));
    for (const member of ['a', 'b']) assert.ok(isAlive(pidOf(before, member)), member);
    process.kill(pid, 'SIGTERM');
    await eventually('all of it is gone', () => sandbox.processes().length === 0);
  });

  test('SIGHUP with a faulty configuration leaves the agent as it is, and says so', async (t) => {
    const { sandbox, receiver, agent } = await managed(t);
    await agent.until('a whole service', isWhole);
    await receiver.until('ready', 'READY=1');
    const good = readFileSync(sandbox.path('hotwarm.yaml'), 'utf8');
    await sandbox.write(`${good}\nnonsense: true\n`);
    agent.signal('SIGHUP');
    const reloading = await receiver.until('reloading', 'RELOADING=1');
    const ready = await receiver.until('the reload is over', 'READY=1', reloading);
    assert.match(
      agent.said,
      /nonsense[^]*replacement failed, this agent keeps running: the new agent exited with code 3/,
    );
    assert.ok(!receiver.messages.flat().some((one) => one.startsWith('MAINPID=')));
    await receiver.until('proof of life', 'WATCHDOG=1', ready);
    assert.ok((await agent.service()) !== null);
    await agent.stop();
  });

  test('the unit that is shipped passes the verification of systemd', async (t) => {
    const sandbox = await Sandbox.open(t);
    const unit = readFileSync(join(ROOT, 'packaging/hotwarm.service'), 'utf8');
    const file = sandbox.path('hotwarm.service');
    writeFileSync(file, unit.replaceAll('/usr/bin/hotwarm', join(ROOT, 'bin/hotwarm')));
    // It also writes about units of the host, which are not ours.
    const words = ['-c', 'systemd-analyze verify --man=no "$0" 2>&1', file];
    const said = execFileSync('sh', words, { encoding: 'utf8' });
    assert.doesNotMatch(said, /hotwarm\.service/);
  });
});

describe('without a service manager', () => {
  test('SIGHUP ends nothing: the agent goes on and takes over', async (t) => {
    const sandbox = await Sandbox.open(t);
    await sandbox.useShop();
    const agent = sandbox.up();
    const before = await agent.until('a whole service', isWhole);
    agent.signal('SIGHUP');
    await eventually('it says what it does', () => agent.said.includes('SIGHUP: still running'));
    process.kill(pidOf(before, 'a'), 'SIGKILL');
    await agent.until('b serves', ({ active }) => active === 'b');
    assert.equal((await agent.stop()).code, 0);
  });

  test('a terminal that is closed costs the service neither its members nor its agent', async (t) => {
    const sandbox = await Sandbox.open(t);
    await sandbox.useShop();
    const within = ['sh', '-c', 'exec script --quiet --command "exec $0 $*" /dev/null'];
    const terminal = sandbox.up(within);
    const before = await terminal.until('a whole service', isWhole);
    terminal.signal('SIGKILL');
    await eventually('the terminal is gone', () => terminal.exited);
    process.kill(pidOf(before, 'a'), 'SIGKILL');
    await eventually('b serves', async () => (await sandbox.ask()) === 'b');
    assert.equal((await sandbox.run('status')).code, 0, 'the agent answers');
  });
});
