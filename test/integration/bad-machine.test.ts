import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { describe, test, type TestContext } from 'node:test';
import { isWhole } from '../../src/drill/agent-process.ts';
import { isAlive } from './processes.ts';
import { type Ended, MEMBER, pidOf, Sandbox } from './sandbox.ts';
import { eventually } from '../eventually.ts';

// Machines on which `up` must not start: it says what, why and what to do, and leaves nothing behind.

const NODE = process.execPath;

/** The three lines, the exit code, and no process left. */
function assertRefused(
  sandbox: Sandbox,
  ended: Ended,
  code: number,
  says: readonly RegExp[],
): void {
  assert.equal(ended.code, code, ended.err + ended.out);
  assert.match(ended.err, /^hotwarm: .+/);
  assert.match(ended.err, /^why: {2}.+/m);
  assert.match(ended.err, /^fix: {2}.+/m);
  for (const said of says) assert.match(ended.err, said);
  assert.deepEqual(sandbox.processes(), []);
}

async function occupy(t: TestContext, port: number): Promise<void> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
}

describe('up refuses, in the three lines of every error,', () => {
  for (const [port, where] of [
    ['listen', 'traffic.listen'],
    ['b', 'members.b.port'],
    ['api', 'agent.api'],
  ] as const) {
    test(`when the port of ${where} is taken, and names who has it`, async (t) => {
      const sandbox = await Sandbox.open(t);
      await sandbox.useShop();
      await occupy(t, sandbox.ports[port]);
      const ended = await sandbox.run('up');
      const holder = new RegExp(`${sandbox.ports[port]} is in use by pid ${process.pid}`);
      assertRefused(sandbox, ended, 3, [holder, new RegExp(where)]);
    });
  }

  test('when a command or a working directory is missing, both at once', async (t) => {
    const sandbox = await Sandbox.open(t);
    await sandbox.useShop({
      a: { command: ['/nowhere/server'] },
      b: { keys: "cwd: './nowhere'" },
    });
    const ended = await sandbox.run('up');
    assertRefused(sandbox, ended, 3, [
      /2 errors/,
      /members\.a\.command.*\/nowhere\/server/,
      /members\.b\.cwd.*nowhere/,
    ]);
  });

  test('when its user may not write the state directory', async (t) => {
    const sandbox = await Sandbox.open(t);
    await sandbox.useShop();
    await mkdir(sandbox.path('state'), { mode: 0o755 });
    await chmod(sandbox.folder, 0o755);
    const user = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
    const ended = await sandbox.up(process.getuid?.() === 0 ? user : []).ended;
    assertRefused(sandbox, ended, 3, [/agent\.stateDir.*cannot write .*state/]);
  });
});

/** A state directory that was used and left in order. */
async function used(t: TestContext): Promise<{ sandbox: Sandbox; epoch: number }> {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop();
  const agent = sandbox.up();
  const { epoch } = await agent.until('a whole service', isWhole);
  assert.equal((await agent.stop()).code, 0);
  return { sandbox, epoch };
}

describe('what is damaged in the state directory', () => {
  for (const file of ['hotwarm.db', 'journal.db']) {
    test(`${file} full of garbage stops the start and is left as it is`, async (t) => {
      const { sandbox } = await used(t);
      const path = sandbox.path(`state/${file}`);
      const garbage = Buffer.alloc(20_000, 'garbage ');
      await writeFile(path, garbage);
      const ended = await sandbox.run('up');
      assertRefused(sandbox, ended, 6, [new RegExp(`${file} is damaged`), /backup/]);
      assert.deepEqual(await readFile(path), garbage);
    });

    test(`${file} cut in the middle stops the start`, async (t) => {
      const { sandbox } = await used(t);
      const path = sandbox.path(`state/${file}`);
      const { length } = await readFile(path);
      await truncate(path, Math.floor(length / 2));
      const ended = await sandbox.run('up');
      assertRefused(sandbox, ended, 6, [new RegExp(file), /damaged/]);
    });
  }

  test('a torn tail of the journal is survived, and the epoch goes on', async (t) => {
    const sandbox = await Sandbox.open(t);
    await sandbox.useShop();
    const agent = sandbox.up();
    const before = await agent.until('a whole service', isWhole);
    agent.signal('SIGKILL');
    await eventually('the agent is gone', () => agent.exited);
    const log = sandbox.path('state/journal.db-wal');
    const { length } = await readFile(log);
    assert.ok(length > 1000, 'there is a tail to tear');
    await truncate(log, length - 777);

    const next = sandbox.up();
    const after = await next.until('a whole service', isWhole);
    assert.ok(after.epoch >= before.epoch, `${before.epoch} ${after.epoch}`);
    assert.equal(await sandbox.ask(), 'a');
    assert.equal((await next.stop()).code, 0);
    assert.ok(!isAlive(pidOf(after, 'a')));
    assert.deepEqual(sandbox.processes(), []);
  });
});

test('a command that goes missing while it runs is reported, and the other member serves', async (t) => {
  const sandbox = await Sandbox.open(t);
  const script = sandbox.path('member.sh');
  await writeFile(script, `#!/bin/sh\nexec ${NODE} ${MEMBER}\n`, { mode: 0o755 });
  await sandbox.useShop({ a: { command: [script] } });
  const agent = sandbox.up();
  const before = await agent.until('a whole service', isWhole);
  await chmod(script, 0o644);
  process.kill(pidOf(before, 'a'), 'SIGKILL');
  await agent.until('b serves', (now) => now.active === 'b');
  await agent.until('a is in a loop', (now) => now.members['a']?.reason === 'crashLoop');
  assert.match(agent.said, /a could not be started, attempt \d: .*not executable/);
  assert.equal(await sandbox.ask(), 'b');
  await chmod(script, 0o755);
  await agent.until('a is a standby', isWhole);
});
