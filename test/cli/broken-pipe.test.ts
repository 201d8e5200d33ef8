import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { within } from '../eventually.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const CONFIG = fileURLToPath(new URL('../../examples/web/hotwarm.yaml', import.meta.url));
const CHECK = [MAIN, 'check', '--json', '-c', CONFIG];
const WITHIN_MS = 20_000;

test('a command whose reader has gone ends as if it had been read, without a trace', async () => {
  const child = spawn(process.execPath, CHECK, { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const [code, signal] = await once(child, 'close', { signal: within(WITHIN_MS) });
  // 3: a port of the example is taken here, which is said in the output that nobody reads.
  assert.ok(signal === null && (code === 0 || code === 3), `${code} ${signal}`);
  assert.doesNotMatch(errors, /EPIPE|at .*:\d+:\d+/);
});

test('output that cannot be written is a failure, told in three lines', async () => {
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, CHECK, { stdio: ['ignore', full, 'pipe'] });
  closeSync(full);
  let errors = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const [code] = await once(child, 'close', { signal: within(WITHIN_MS) });
  assert.ok(code === 6 || code === 3, `${code}`);
  assert.match(errors, /^hotwarm: cannot write the output\nwhy: .*ENOSPC.*\nfix: .*$/m);
});
