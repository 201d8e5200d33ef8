import { speaker } from '../../core/describe/language.ts';
import type { Client } from '../client.ts';
import { type Terminal, writeJson } from '../../terminal.ts';
import { pickService } from '../pick-service.ts';

export type PauseOptions = {
  readonly client: Client;
  readonly terminal: Terminal;
  readonly service: string | null;
  readonly json: boolean;
};

/** From then on the agent observes and reports, and does nothing. */
export async function runPause(options: PauseOptions): Promise<number> {
  const say = speaker(options.terminal.locale);
  return setPaused(
    options,
    true,
    say('is paused: nothing will be done for it', '已暂停：不会执行任何操作'),
  );
}

export async function setPaused(
  { client, terminal, service: named, json }: PauseOptions,
  paused: boolean,
  said: string,
): Promise<number> {
  const service = await pickService(client, named);
  await client.command(service, paused ? 'pause' : 'resume', null);
  if (json) writeJson(terminal, { service, paused });
  else if (terminal.isInteractive) terminal.out.write(`${service} ${said}\n`);
  return 0;
}
