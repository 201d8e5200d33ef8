import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runCheck } from '../../src/cli/commands/check.ts';
import { TEMPLATES, type Template, runInit } from '../../src/cli/commands/init.ts';
import { loadConfig } from '../../src/config/load.ts';
import { formatAddress } from '../../src/config/units.ts';
import { findFreePorts } from '../../src/drill/free-ports.ts';
import { AppError } from '../../src/errors.ts';
import { Capture } from './capture.ts';
import { within } from '../eventually.ts';

const DEADLINE_MS = 20_000;

function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'hotwarm-init-'));
  t.after(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  return directory;
}

async function init(dir: string, template: Template, force = false): Promise<string> {
  const out = new Capture();
  assert.equal(await runInit({ template, dir, force, locale: 'en', out }), 0);
  return out.text;
}

/** The template's ports are fixed, and another test may use them at the same time. */
async function useFreePorts(file: string): Promise<void> {
  const fixed = ['3001', '3002', '8080'];
  const [api, ...ports] = await findFreePorts(1 + fixed.length);
  const text = readFileSync(file, 'utf8').replace(/\b(3001|3002|8080)\b/g, (port) =>
    String(ports[fixed.indexOf(port)]),
  );
  writeFileSync(file, `agent: { api: 127.0.0.1:${api} }\n${text}`);
}

/** Asks until there is an answer. */
async function awaitAnswer(url: string, child: ChildProcess): Promise<Response> {
  const deadline = within(DEADLINE_MS);
  for (;;) {
    assert.equal(child.exitCode, null, 'it ended by itself');
    deadline.throwIfAborted();
    try {
      return await fetch(url, { signal: deadline });
    } catch (error) {
      if (deadline.aborted) throw error;
      await new Promise((resume) => setTimeout(resume, 20));
    }
  }
}

for (const template of TEMPLATES) {
  test(`the ${template} template passes the check`, async (t) => {
    const directory = temporaryDirectory(t);
    await init(directory, template);
    const file = join(directory, 'hotwarm.yaml');
    await useFreePorts(file);
    const out = new Capture();
    assert.equal(
      await runCheck({ config: file, json: true, simulate: false, locale: 'en', out }),
      0,
      out.text,
    );
  });

  test(`the ${template} template’s member answers its probe and ends on SIGTERM`, async (t) => {
    const directory = temporaryDirectory(t);
    await init(directory, template);
    await useFreePorts(join(directory, 'hotwarm.yaml'));
    const [service] = loadConfig(join(directory, 'hotwarm.yaml')).services;
    const [member] = service?.members ?? [];
    assert.ok(service && member && service.probe.type === 'http');
    const [program, ...args] = member.command;
    const env = { ...process.env, PORT: String(member.port), HOTWARM_MEMBER: member.name };
    const child = spawn(program!, args, { cwd: member.cwd, env, stdio: 'ignore', detached: true });
    const ended = once(child, 'exit', { signal: within(2 * DEADLINE_MS) });
    t.after(() => killGroup(child));
    const at = formatAddress({ host: member.address, port: member.port });
    const answer = await awaitAnswer(`http://${at}${service.probe.path}`, child);
    assert.equal(answer.status, 200);
    await answer.arrayBuffer();
    if (template === 'node' || template === 'flask') {
      const index: unknown = await (await fetch(`http://${at}/`)).json();
      assert.ok(typeof index === 'object' && index !== null && 'member' in index);
      assert.equal(index.member, 'a');
      const echo = await fetch(`http://${at}/`, { method: 'POST', body: 'ping' });
      assert.equal(await echo.text(), 'ping');
    }
    child.kill('SIGTERM');
    await ended;
  });
}

/** Whatever is left of the process that the test started, and of its children. */
function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    assert.ok(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

test('nothing is overwritten, and nothing written beside it, unless it is forced', async (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, 'server.js'), 'mine');
  await assert.rejects(
    init(directory, 'node'),
    (error) => error instanceof AppError && error.code === 'refused',
  );
  assert.deepEqual(readdirSync(directory), ['server.js']);
  assert.equal(readFileSync(join(directory, 'server.js'), 'utf8'), 'mine');
  await init(directory, 'node', true);
  assert.notEqual(readFileSync(join(directory, 'server.js'), 'utf8'), 'mine');
});

test('a directory that is missing is made, and the next steps lead into it', async (t) => {
  const directory = join(temporaryDirectory(t), 'new', 'site');
  const text = await init(directory, 'static');
  assert.ok(existsSync(join(directory, 'public', 'index.html')));
  assert.match(text, /cd .*new\/site/);
  assert.match(text, /hotwarm check/);
});

test('a place that cannot be written to is told', async (t) => {
  const file = join(temporaryDirectory(t), 'file');
  writeFileSync(file, '');
  await assert.rejects(
    init(join(file, 'below'), 'command'),
    (error) => error instanceof AppError && error.code === 'failed',
  );
});
