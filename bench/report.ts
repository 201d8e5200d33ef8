import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

// Tables that go from a bench into docs/benchmarks.md, so that nobody copies a figure by hand.

const DOCUMENT = fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url));

export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const rule = head.map((_name, column) => (column === 0 ? '---' : '---:'));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Replaces what stands between the two markers of that name. */
export function writeSection(name: string, text: string): void {
  const begin = `<!-- begin ${name} -->`;
  const end = `<!-- end ${name} -->`;
  const document = readFileSync(DOCUMENT, 'utf8');
  const [before, rest] = document.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined)
    throw new Error(`docs/benchmarks.md has no section between ${begin} and ${end}`);
  writeFileSync(DOCUMENT, `${before}${begin}\n${text}\n${end}${after}`);
}

/** What the figures depend on. */
export function describeMachine(otherCores: number): string {
  const gib = Math.round(totalmem() / 1024 ** 3);
  return [
    `${cpus().length} cores`,
    `${gib} GiB`,
    `Linux ${release().split('-')[0]}`,
    `Node ${process.versions.node}`,
    `HAProxy ${versionOf('haproxy', '-v', /version (\d+\.\d+\.\d+)/)}`,
    `nginx ${versionOf('nginx', '-v', /nginx\/([\d.]+)/)}`,
    `other programs used ${otherCores.toFixed(2)} cores meanwhile`,
  ].join(', ');
}

/** Other programs that use more than this make the figures theirs. */
const QUIET_CORES = 0.1;

/** null: the machine was quiet. */
export function noiseWarning(otherCores: number): string | null {
  return otherCores <= QUIET_CORES
    ? null
    : `NOISY: other programs used ${otherCores.toFixed(2)} cores, so do not rely on these figures.`;
}

function versionOf(program: string, flag: string, pattern: RegExp): string {
  // nginx writes its version to stderr.
  const said = execFileSync('sh', ['-c', `${program} ${flag} 2>&1`], { encoding: 'utf8' });
  return pattern.exec(said)?.[1] ?? '?';
}
