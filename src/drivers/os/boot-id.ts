import { readFileSync } from 'node:fs';

/** Differs after each boot, across which pids, start times and the monotonic clock say nothing. */
export function readBootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
