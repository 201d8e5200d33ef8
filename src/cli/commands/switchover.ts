import { type MoveOptions, runMove } from '../takeover-command.ts';

export async function runSwitchover(
  options: MoveOptions & { readonly to: string | null },
): Promise<number> {
  return runMove('switchover', options.to, options);
}
