import { type MoveOptions, runMove } from './move.ts';

export async function runSwitchover(
  options: MoveOptions & { readonly to: string | null },
): Promise<number> {
  return runMove('switchover', options.to, options);
}
