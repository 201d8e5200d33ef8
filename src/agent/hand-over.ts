import { holderOf } from '../drivers/store/state-lock.ts';
import { AppError } from '../errors.ts';

// Puts a new agent in the place of the one that runs. That one is asked to leave its members and its data plane
// running; one that does not is killed, which costs nothing but the newest quiet lines of its journal, as every
// agent must be able to recover from another's crash.

/** Asks an agent to end and to leave everything running. */
export const HANDOVER_SIGNAL = 'SIGUSR2';

const LEAVE_MS = 3000;
const KILL_MS = 2000;
const LOOK_MS = 10;

/** Resolves when no agent holds the directory. */
export async function stopForHandover(stateDir: string): Promise<void> {
  const holder = holderOf(stateDir);
  if (holder === null) return;
  const isFree = (): boolean => holderOf(stateDir) === null;
  if (holder.pid !== null) {
    for (const [signal, withinMs] of [
      [HANDOVER_SIGNAL, LEAVE_MS],
      ['SIGKILL', KILL_MS],
    ] as const) {
      // The lock is held, so the pid noted beside it is that of a living agent.
      process.kill(holder.pid, signal);
      if (await within(withinMs, isFree)) return;
    }
  }
  throw new AppError('stateLocked', {
    message: {
      en: `the agent that uses ${stateDir} could not be replaced`,
      zh: `无法替换正在使用 ${stateDir} 的 agent`,
    },
    reason:
      holder.pid === null
        ? { en: 'its pid is not recorded', zh: '没有记录其 pid' }
        : { en: `pid ${holder.pid} does not exit`, zh: `pid ${holder.pid} 不退出` },
    hint: { en: 'stop that process, then start again', zh: '结束该进程后重新启动' },
  });
}

async function within(ms: number, isSo: () => boolean): Promise<boolean> {
  for (let left = ms; left > 0; left -= LOOK_MS) {
    if (isSo()) return true;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return isSo();
}
