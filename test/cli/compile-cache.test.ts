import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const MODULE = fileURLToPath(new URL('../../src/cli/compile-cache.ts', import.meta.url));

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'hotwarm-cache-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Where a process of this environment keeps what it compiled; empty: nowhere. */
function cacheOf(env: Readonly<Record<string, string>>): string {
  const program = `import { keepCompiled } from ${JSON.stringify(MODULE)};
import { getCompileCacheDir } from 'node:module';
keepCompiled(process.env);
console.log(getCompileCacheDir() ?? '');`;
  const words = ['--input-type=module', '--eval', program];
  return execFileSync(process.execPath, words, { encoding: 'utf8', env }).trim();
}

test('what was compiled is kept in the unit’s cache, else in the user’s', (t) => {
  const home = folder(t);
  const unit = join(home, 'unit');
  for (const name of ['unit', 'xdg']) mkdirSync(join(home, name));
  assert.ok(cacheOf({ HOME: home, CACHE_DIRECTORY: unit }).startsWith(`${unit}/compiled/`));
  assert.ok(
    cacheOf({ HOME: home, XDG_CACHE_HOME: `${home}/xdg` }).startsWith(`${home}/xdg/hotwarm/`),
  );
  assert.ok(cacheOf({ HOME: home }).startsWith(`${home}/.cache/hotwarm/`));
});

test('a directory that others may write to, or that is a link, is not used: its content would be run', (t) => {
  const home = folder(t);
  const cache = join(home, '.cache');
  mkdirSync(join(cache, 'hotwarm'), { recursive: true });
  chmodSync(join(cache, 'hotwarm'), 0o777);
  assert.equal(cacheOf({ HOME: home }), '');
  rmSync(join(cache, 'hotwarm'), { recursive: true });
  chmodSync(cache, 0o777);
  assert.equal(cacheOf({ HOME: home }), '', 'who may write beside it could replace it');
  chmodSync(cache, 0o700);
  mkdirSync(join(home, 'elsewhere'));
  symlinkSync(join(home, 'elsewhere'), join(cache, 'hotwarm'));
  assert.equal(cacheOf({ HOME: home }), '');
});

test('a user without a home does without', () => {
  assert.equal(cacheOf({ HOME: '/nonexistent/home' }), '');
  assert.ok(!existsSync('/nonexistent'), 'and does not get one');
});
