import { readFileSync } from 'node:fs';

/** How many files and connections this process may have open. */
export function descriptorLimit(): number {
  try {
    // The runtime has raised the first figure to the second.
    const line = /^Max open files +\d+ +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    return line === null ? Number.POSITIVE_INFINITY : Number(line[1]);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
