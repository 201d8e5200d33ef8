import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { monotonicMs } from '../../../clock.ts';
import type { Collapse } from '../contract.ts';
import type { Identity } from '../../os/proc.ts';

// The early sign of a large process's death. A dying process first loses its memory, then its files and sockets,
// then its parent gets SIGCHLD; freeing the memory takes about 0.1 ms a MB, so that the exit of a process of 1 GiB is
// reported, and its connections are closed, 0.1 s after it served for the last time. Its statm reads 0 as soon as
// it has no memory any more, so that is looked for, at a bounded rate and only where it tells much earlier: a look
// costs some microseconds, but each one wakes the agent, which costs some 0.1 ms.
// The main process alone is watched, as it is its exit that counts as the member's. All of its threads must have
// lost their memory: a main thread may end before the others, and one of those may be the one that frees it.
// statm is kept open, which names this process and no later one of the same number.
// Not guaranteed: this is what the kernel does, not what it promises, so that it proves that nothing is executed
// but not that nothing is left: a thread that hangs in the kernel keeps the files, and what it had begun to write may
// still be written. A member whose /proc entries cannot be read (hidepid) has no early sign; its exit is reported as usual.

/** 256 MiB where a page has 4 KiB, some 25 ms to free; with fewer pages the exit is about as early as the sign. */
const LARGE_PAGES = 64 * 1024;
const CHECK_INTERVAL_MS = 25;
/** Whether it has grown. */
const GROWTH_CHECK_INTERVAL_MS = 1000;

/** Calls once, unless the process is gone altogether before that is seen. Returns a function that stops looking. */
export function whenExitingEarly(
  { pid }: Identity,
  tell: (collapse: Collapse) => void,
): () => void {
  const statm = openStatm(pid);
  if (statm === null) return () => undefined;
  let timer: NodeJS.Timeout | null = null;
  const stop = (): void => {
    if (timer === null) return;
    clearTimeout(timer);
    timer = null;
    closeSync(statm);
  };
  const look = (): void => {
    const pages = residentPages(statm);
    if (pages === 'gone') {
      stop();
    } else if (pages === null && hasNoMemory(pid)) {
      stop();
      tell({ pid, at: monotonicMs() });
    } else {
      const isLarge = pages === null || pages >= LARGE_PAGES;
      timer = setTimeout(look, isLarge ? CHECK_INTERVAL_MS : GROWTH_CHECK_INTERVAL_MS);
    }
  };
  timer = setTimeout(look, CHECK_INTERVAL_MS);
  return stop;
}

function openStatm(pid: number): number | null {
  try {
    return openSync(`/proc/${pid}/statm`, 'r');
  } catch {
    return null;
  }
}

const BUFFER = Buffer.alloc(128);

/** null: its main thread has no address space. gone: it has been waited for, so that there is nothing to read. */
function residentPages(statm: number): number | null | 'gone' {
  try {
    const text = BUFFER.toString('latin1', 0, readSync(statm, BUFFER, 0, BUFFER.length, 0));
    const [size, resident] = text.split(' ', 2).map(Number);
    return size === 0 || resident === undefined ? null : resident;
  } catch {
    return 'gone';
  }
}

/** Of every thread. Kernel threads aside, only one that is ending has no address space. */
function hasNoMemory(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).every((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/statm`, 'latin1').startsWith('0 '),
    );
  } catch {
    // A thread ended meanwhile, or all did: the next look settles it.
    return false;
  }
}
