import { closeSync, readdirSync, readFileSync } from 'node:fs';

// Descriptors that this process was started with, beyond the standard streams: a lock of cron's, a pipe of a terminal.
// They are of no use to an agent, and would be passed to all that it starts; some would then be held for weeks.
// What Node opens itself is closed at an exec, so what is not, and is there at the start, was inherited.

const FIRST = 3;
/** O_CLOEXEC, as /proc shows it. */
const CLOSE_ON_EXEC = 0o2000000;

/** Closes what this process inherited. To be called before it opens anything itself. */
export function closeInherited(): void {
  for (const fd of readdirSync('/proc/self/fd').map(Number)) {
    if (fd < FIRST || !isInherited(fd)) continue;
    try {
      closeSync(fd);
    } catch {
      // It was that of the listing itself.
    }
  }
}

function isInherited(fd: number): boolean {
  try {
    const flags = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0;
  } catch {
    return false;
  }
}
