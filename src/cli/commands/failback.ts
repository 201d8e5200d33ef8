import { type MoveOptions, runMove } from './move.ts';

/** Back to the preferred member. */
export async function runFailback(options: MoveOptions): Promise<number> {
  return runMove('failback', null, options);
}
