import { type MoveOptions, runMove } from '../takeover-command.ts';

export async function runFailover(
  options: MoveOptions & { readonly to: string | null },
): Promise<number> {
  return runMove('failover', options.to, options);
}
