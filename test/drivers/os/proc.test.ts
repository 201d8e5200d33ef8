import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { isLive, processStillRuns, readProcessStat } from '../../../src/drivers/os/proc.ts';
import { eventually } from '../../eventually.ts';

describe('what the kernel tells about a process', () => {
  it('is read past a program name that looks like more fields', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'hotwarm-proc-'));
    const program = join(directory, 'a) Z 1 (b');
    copyFileSync('/bin/sleep', program);
    const child = spawn(program, ['600'], { stdio: 'ignore', detached: true });
    const { pid } = child;
    assert.ok(pid !== undefined);
    await eventually('the start', () => readProcessStat(pid)?.state === 'S');
    const stat = readProcessStat(pid);
    assert.deepEqual([stat?.groupId, stat?.sessionId, stat?.threads], [pid, pid, 1]);
    const startTicks = stat?.startTicks ?? Number.NaN;
    assert.equal(processStillRuns(pid, startTicks), true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.equal(processStillRuns(pid, startTicks), false);
    rmSync(directory, { recursive: true });
  });

  it('counts a process as live until its last thread has ended', () => {
    const stat = { pid: 2, parentId: 1, groupId: 2, sessionId: 2, startTicks: 1 };
    assert.equal(isLive({ ...stat, state: 'S', threads: 1 }), true);
    assert.equal(isLive({ ...stat, state: 'T', threads: 1 }), true);
    assert.equal(isLive({ ...stat, state: 'Z', threads: 2 }), true);
    assert.equal(isLive({ ...stat, state: 'Z', threads: 1 }), false);
    assert.equal(isLive({ ...stat, state: 'X', threads: 0 }), false);
  });
});
