import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createKillFence } from '../../../src/drivers/fence/kill.ts';
import { processStillRuns } from '../../../src/drivers/os/proc.ts';
import { isFault } from '../member/conformance.ts';
import { makeBench, within } from '../member/support.ts';

describe('a kill fence', () => {
  it('resolves when the member is gone, and again when it was gone already', async () => {
    const bench = makeBench(['/bin/sleep', '600']);
    const { pid, startTicks } = await bench.driver.start({ capacity: 'full', signal: within() });
    const fence = createKillFence(bench.driver);
    await fence.fence({ signal: within() });
    assert.equal(processStillRuns(pid, startTicks), false);
    await fence.fence({ signal: within() });
    await bench.dispose();
  });

  it('claims nothing without proof', async () => {
    const bench = makeBench(['/bin/sleep', '600']);
    await bench.driver.start({ capacity: 'full', signal: within() });
    const fenced = createKillFence(bench.driver).fence({ signal: AbortSignal.abort() });
    await assert.rejects(fenced, (error) => isFault(error, 'stillRunning'));
    await bench.dispose();
  });
});
