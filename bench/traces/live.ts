import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { monotonicMs } from '../../src/clock.ts';
import type { DetectionConfig } from '../../src/core/config.ts';
import { memberExited, watchMember } from '../../src/core/detect.ts';

// The fast path on this machine: a real child is killed, the kernel tells its parent, the detector
// condemns it. The time is from just before the kill to the verdict.

/** Kill to verdict, one for each child. */
export async function killChildren(config: DetectionConfig, count: number): Promise<Float64Array> {
  const tookMs = new Float64Array(count);
  for (let i = 0; i < count; i += 1) {
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    await once(child, 'spawn');
    const pid = child.pid ?? 0;
    const state = watchMember(config, i, monotonicMs(), 'healthy');
    const exit = once(child, 'exit');
    const killedAt = monotonicMs();
    child.kill('SIGKILL');
    const [exitCode, signal] = (await exit) as [number | null, string | null];
    const at = monotonicMs();
    const verdict = memberExited(state, {
      at,
      service: 'bench',
      member: 'm',
      incarnation: i,
      exitCode,
      signal,
      how: 'exited',
      pid,
    });
    tookMs[i] = verdict.health === 'failed' ? monotonicMs() - killedAt : Infinity;
  }
  return tookMs;
}
