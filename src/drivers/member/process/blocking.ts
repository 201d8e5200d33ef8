import { spawnSync } from 'node:child_process';
import { assert } from '../../../core/assert.ts';

/**
 * Clears O_NONBLOCK of the open file description, and so for every process that holds it. Node offers no fcntl(2), but
 * libuv does this with what a child gets as its standard input.
 */
export function makeBlocking(fd: number): void {
  const { status } = spawnSync('/bin/true', { stdio: [fd, 'ignore', 'ignore'] });
  assert(status === 0, 'true succeeds');
}
