import { type MoveOptions, runMove } from '../takeover-command.ts';

/** Switches back to the preferred member. */
export async function runFailback(options: MoveOptions): Promise<number> {
  return runMove('failback', null, options);
}
