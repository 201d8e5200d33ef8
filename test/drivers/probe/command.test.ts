import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { processStillRuns, readProcessStat } from '../../../src/drivers/os/proc.ts';
import { createCommandProbe } from '../../../src/drivers/probe/command.ts';
import type { Probe } from '../../../src/drivers/probe/contract.ts';
import { probeConformance } from './conformance.ts';
import { probeOnce } from './support.ts';
import { eventually } from '../../eventually.ts';

const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin' };
const shell = (text: string, ...rest: readonly string[]): Probe =>
  createCommandProbe({ command: ['/bin/sh', '-c', text, ...rest], env });

probeConformance('command', async () => ({
  healthy: shell('exit 0'),
  unhealthy: shell('echo broken; exit 1'),
  hung: shell('sleep 600'),
  dispose: async () => undefined,
}));

/** A probe whose check leaves the number of a process it started in a file, and what became of that process. */
async function withChild(
  text: string,
  check: (probe: Probe) => Promise<string>,
): Promise<{ verdict: string; childEnded: Promise<void> }> {
  const directory = mkdtempSync(join(tmpdir(), 'hotwarm-probe-'));
  const file = join(directory, 'pid');
  const verdict = await check(shell(text, 'sh', file));
  const pid = Number(readFileSync(file, 'utf8'));
  rmSync(directory, { recursive: true });
  const isOver = (): boolean => {
    const stat = readProcessStat(pid);
    return stat === null || !processStillRuns(pid, stat.startTicks);
  };
  return { verdict, childEnded: eventually('the end of the child', isOver) };
}

describe('a command probe', () => {
  it('tells the exit code or the signal, and what the check said', async () => {
    const answers = await Promise.all(
      [shell('echo out; echo err >&2; exit 3'), shell('kill -TERM $$')].map((probe) =>
        probe.check({ timeoutMs: 10_000, fresh: false }),
      ),
    );
    assert.deepEqual(
      answers.map((answer) => !answer.ok && [answer.fault, answer.detail.split('\n').toSorted()]),
      [
        ['commandFailed', ['err', 'exit code 3: out']],
        ['commandFailed', ['ended by SIGTERM']],
      ],
    );
  });

  it('kills the check with its children at the time-out', async () => {
    const text = 'sleep 600 & echo $! > "$1"; wait';
    const { verdict, childEnded } = await withChild(text, (probe) =>
      probeOnce(probe, { timeoutMs: 1500 }),
    );
    assert.equal(verdict, 'timeout');
    await childEnded;
  });

  it('leaves no child behind and does not wait for one that holds its output', async () => {
    const text = 'sleep 600 & echo $! > "$1"; exit 0';
    const { verdict, childEnded } = await withChild(text, (probe) => probeOnce(probe));
    assert.equal(verdict, 'ok');
    await childEnded;
  });

  it('keeps little of a flood of output and is not blocked by it', async () => {
    const probe = shell('head -c 1000000 /dev/zero | tr "\\0" x; exit 1');
    const answer = await probe.check({ timeoutMs: 10_000, fresh: false });
    assert.ok(!answer.ok && answer.fault === 'commandFailed');
    assert.ok(answer.detail.length > 500 && answer.detail.length < 1100);
  });

  it('answers for a command that does not exist', async () => {
    assert.equal(
      await probeOnce(createCommandProbe({ command: ['/no/such/check'], env })),
      'commandFailed',
    );
  });

  it('uses no shell', async () => {
    const probe = createCommandProbe({ command: ['test', '$(echo a)', '=', '$(echo a)'], env });
    assert.equal(await probeOnce(probe), 'ok');
  });
});
