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

/** Suspends automatic actions: the agent only observes and reports. */
export async function runPause(options: PauseOptions): Promise<number> {
  const say = speaker(options.terminal.locale);
  return setPaused(
    options,
    true,
    say(
      'is paused: it keeps running, but hotwarm does not switch, fail back or restart',
      '的自动切换已暂停：服务照常运行，但不切换、不回切、不修复',
    ),
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
