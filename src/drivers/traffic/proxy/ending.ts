import { processStillRuns, sendSignal, type Identity } from '../../os/proc.ts';
import type { ProxyControl } from './control.ts';
import { identify } from './process.ts';

// How one process of the data plane is ended, and its end proved.

const CHECK_INTERVAL_MS = 2;
const STOP_GRACE_MS = 1000;
const STOP_MS = 3000;
const GONE_MS = 2000;

/** Gracefully, then by force. */
export async function stopProcess(control: ProxyControl): Promise<void> {
  const { pid } = control.hello;
  const main = identify(pid);
  const ended = new Promise<void>((resolve) => {
    const end = (): void => resolve();
    control.attach({ onEvent: () => {}, onHang: end, onClose: end });
  });
  // Whether it agrees or is already gone shows in its end.
  await control.ask({ type: 'stop', graceMs: STOP_GRACE_MS }, STOP_MS).catch(() => {});
  await within(STOP_MS, ended);
  control.close();
  if (main !== null) await within(GONE_MS, proveGone(main, STOP_GRACE_MS));
}

/** Kills exactly this process, if it has not ended by itself after the grace; resolves once it has ended. */
export async function proveGone({ pid, startTicks }: Identity, graceMs = 0): Promise<void> {
  const killAt = performance.now() + graceMs;
  let killed = false;
  while (processStillRuns(pid, startTicks)) {
    if (!killed && performance.now() >= killAt) {
      sendSignal(pid, 'SIGKILL');
      killed = true;
    }
    await new Promise((resolve) => setTimeout(resolve, CHECK_INTERVAL_MS));
  }
}

/** Whether it comes about in time. */
export async function within(ms: number, event: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([event.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
