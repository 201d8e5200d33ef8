import { readFileSync } from 'node:fs';

/** Clients get no more of the descriptors than this, as each request needs one to its member too. */
const CLIENTS_SHARE = 0.75;

/** How many clients a data plane with this process's limits can have. */
export function clientRoom(): number {
  return Math.floor(descriptorLimit() * CLIENTS_SHARE);
}

function descriptorLimit(): number {
  try {
    // The runtime has raised the first figure to the second.
    const line = /^Max open files +\S+ +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    return line === null ? Number.POSITIVE_INFINITY : Number(line[1]);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
