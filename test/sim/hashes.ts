import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

// make sim-hashes: the same seeds under the pinned Node and under the newest one, which npm installs into a folder of its
// own that is removed afterwards. Ends with 1 if what they did differs.

const { values } = parseArgs({ options: { seeds: { type: 'string', default: '1000' } } });
const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

function hashes(node: string): string {
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  const words = ['--disable-warning=ExperimentalWarning', MAIN, '--seeds', values.seeds];
  const output = execFileSync(node, words, { encoding: 'utf8' });
  const lines = output.split('\n').filter((line) => line.includes('hash to'));
  for (const line of lines) process.stdout.write(`${version.padEnd(10)} ${line}\n`);
  return lines.join('\n');
}

const folder = mkdtempSync(join(tmpdir(), 'hotwarm-node-'));
try {
  const quiet = ['--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
  execFileSync('npm', ['install', '--prefix', folder, ...quiet, 'node@latest']);
  const pinned = hashes(process.execPath);
  const newest = hashes(join(folder, 'node_modules', '.bin', 'node'));
  process.exitCode = pinned !== '' && pinned === newest ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
