import assert from 'node:assert/strict';
import { cp, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { isWhole } from '../../src/drill/agent-process.ts';
import { findFreePorts } from '../../src/drill/free-ports.ts';
import { pidOf, Sandbox } from './sandbox.ts';

// "I have a Flask shop, one machine, 99.95 %, 50 a month": from that sentence to a service that survives a kill, and
// from what it survived to a plan that rests on it.

const FLASK = new URL('../../examples/flask/', import.meta.url).pathname;

function needs(name: string, program: string, ...args: readonly string[]): void {
  assert.equal(spawnSync(program, args).status, 0, `missing: apt install ${name}`);
}

/** A port with so many free ones after it: a plan gives the members those. */
async function portBeforeFree(count: number): Promise<number> {
  for (;;) {
    const [port = 0] = await findFreePorts(1);
    const servers = Array.from({ length: count }, (_value, index) =>
      createServer().listen(port + 1 + index, '127.0.0.1'),
    );
    const listening = await Promise.allSettled(
      servers.map(async (server) => await once(server, 'listening')),
    );
    await Promise.all(
      servers.map(async (server) => {
        if (server.listening) await once(server.close(), 'close');
      }),
    );
    if (listening.every(({ status }) => status === 'fulfilled')) return port;
  }
}

test('a plan for a Flask shop is written, checked, run, and survives a kill', async (t) => {
  needs('gunicorn', 'gunicorn', '--version');
  needs('python3-flask', '/usr/bin/python3', '-c', 'import flask');
  const sandbox = await Sandbox.open(t);
  for (const file of ['app.py', 'gunicorn.conf.py']) {
    await cp(join(FLASK, file), sandbox.path(file));
  }
  const listen = await portBeforeFree(2);
  const planned = await sandbox.run(
    'plan',
    '--availability=99.95%',
    '--budget=50',
    '--rto=2s',
    '--stateless',
    '--start=gunicorn --config gunicorn.conf.py app:app',
    '--probe=/healthz',
    `--port=${listen}`,
    '--name=shop',
    '--write',
  );
  assert.equal(planned.code, 0, planned.err);
  assert.match(planned.out, /^plan for shop: /);
  assert.match(planned.out, /hotwarm up/);

  // Only the address of the API is this test's own: many may run at once.
  const text = await readFile(sandbox.path('hotwarm.yaml'), 'utf8');
  await sandbox.write(`${text}agent: { api: '127.0.0.1:${sandbox.ports.api}' }\n`);
  const checked = await sandbox.run('check', '--json');
  assert.equal(checked.code, 0, checked.out + checked.err);

  const shop = Object.assign(sandbox, { ports: { ...sandbox.ports, listen } });
  const agent = shop.up();
  const before = await agent.until('a whole service', isWhole);
  assert.equal(await shop.ask(), 'a');
  const load = shop.load();
  load.start();
  process.kill(pidOf(before, 'a'), 'SIGKILL');
  await agent.until('the standby has taken over', ({ active }) => active === 'b');
  await agent.until('the killed member stands by again', (now) => isWhole(now));
  await load.stop();
  assert.ok(load.completions.length > 0);
  assert.deepEqual(load.failures, []);

  const history = await shop.run('plan', '--from-history', '--json');
  assert.equal(history.code, 0, history.err);
  const document = JSON.parse(history.out) as {
    readonly history: {
      readonly observedMs: number;
      readonly rates: readonly { readonly component: string; readonly events: number }[];
      readonly coverage: { readonly succeeded: number; readonly tried: number };
    };
  };
  assert.ok(document.history.observedMs > 0);
  assert.deepEqual(
    document.history.rates.map(({ component, events }) => [component, events]),
    [
      ['process', 1],
      ['hang', 0],
      ['degraded', 0],
    ],
  );
  assert.deepEqual([document.history.coverage.succeeded, document.history.coverage.tried], [1, 1]);

  const ended = await agent.stop();
  assert.equal(ended.code, 0, ended.err);
  assert.deepEqual(shop.processes(), []);
});
