import { readProcessStat, type Identity, sendSignal } from '../drivers/os/proc.ts';
import { isHeld, provenHolder } from '../drivers/store/state-lock.ts';
import { AppError } from '../errors.ts';

// Puts a new agent in the place of the one that runs. That one is asked to leave its members and its data plane
// running; one that does not is killed, which costs nothing but the newest quiet lines of its journal, as every
// agent must be able to recover from another's crash. Before each signal the process is proved to hold the lock. Several
// new agents may do this at once: each asks the one that holds the lock at the time, and the last one stays.

/** Asks an agent to end and to leave everything running. */
export const HANDOVER_SIGNAL = 'SIGUSR2';

const LEAVE_MS = 3000;
const KILL_MS = 2000;
/** An agent that has just taken the lock notes its pid next. */
const NOTE_MS = 1000;
const LOOK_MS = 10;
/** As many agents may come in between. */
const ROUNDS = 5;

/** Resolves when no agent holds the directory. */
async function stopForHandover(stateDir: string): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    await within(NOTE_MS, () => !isHeld(stateDir) || identify(stateDir) !== null);
    const holder = identify(stateDir);
    if (holder !== null) await end(stateDir, holder);
    else break;
  }
  if (isHeld(stateDir)) throw notReplaced(stateDir);
}

/**
 * Starts an agent in the place of the one that runs. Another new agent may take the lock between the end of the old one
 * and the start: it is replaced in turn.
 */
export async function startInPlace<T>(stateDir: string, start: () => Promise<T>): Promise<T> {
  for (let round = 1; ; round += 1) {
    await stopForHandover(stateDir);
    try {
      return await start();
    } catch (error) {
      const isLocked = error instanceof AppError && error.code === 'stateLocked';
      if (!isLocked || round === ROUNDS) throw error;
    }
  }
}

/** Returns once this process does not hold the lock any more, or does not end. */
async function end(stateDir: string, holder: Identity): Promise<void> {
  const holds = (): boolean => {
    const now = identify(stateDir);
    return now?.pid === holder.pid && now.startTicks === holder.startTicks;
  };
  for (const [signal, withinMs] of [
    [HANDOVER_SIGNAL, LEAVE_MS],
    ['SIGKILL', KILL_MS],
  ] as const) {
    if (!holds()) return;
    sendSignal(holder.pid, signal);
    if (await within(withinMs, () => !holds())) return;
  }
}

/** null: no process is proved to hold the lock. */
function identify(stateDir: string): Identity | null {
  const pid = provenHolder(stateDir);
  return pid === null ? null : readProcessStat(pid);
}

function notReplaced(stateDir: string): AppError {
  const pid = provenHolder(stateDir);
  return new AppError('stateLocked', {
    message: {
      en: `the agent that uses ${stateDir} could not be replaced`,
      zh: `无法替换正在使用 ${stateDir} 的 agent`,
    },
    reason:
      pid === null
        ? {
            en: 'the directory is locked, but no process is proved to be its agent',
            zh: '目录已被锁定，但无法证明哪个进程是它的 agent',
          }
        : { en: `pid ${pid} does not exit`, zh: `pid ${pid} 不退出` },
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
