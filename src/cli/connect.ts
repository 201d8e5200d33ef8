import type { Command } from 'commander';
import { AppError } from '../errors.ts';
import type { Address, Client } from './client.ts';
import type { GlobalFlags, Io } from './io.ts';
import { openTerminal, type Terminal } from '../terminal.ts';

/** A client for the agent of the flags, and the terminal. */
export async function connect(
  program: Command,
  io: Pick<Io, 'out' | 'env'>,
): Promise<{ readonly client: Client; readonly terminal: Terminal }> {
  const flags = program.opts<GlobalFlags>();
  const { createClient } = await import('./client.ts');
  const address = await addressOf(flags, io.env['HOTWARM_TOKEN'] ?? null);
  const terminal = openTerminal({ out: io.out, env: io.env, lang: flags.lang });
  return { client: createClient(address), terminal };
}

/** HOTWARM_TOKEN overrides the token of the configuration. */
async function addressOf({ config, api }: GlobalFlags, token: string | null): Promise<Address> {
  if (api !== undefined) return { ...parseAddress(api), token, socket: null };
  const { loadConfig } = await import('../config/load.ts');
  const configured = loadConfig(config).agent.api;
  return { ...configured, token: token ?? configured.token };
}

function parseAddress(text: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host !== undefined && Number(port) >= 1 && Number(port) <= 65_535) {
    return { host, port: Number(port) };
  }
  throw new AppError('usage', {
    message: { en: `invalid --api ${text}`, zh: `--api ${text} 无效` },
    reason: { en: 'expected HOST:PORT', zh: '应为 HOST:PORT 的形式' },
    hint: { en: 'for example: --api 127.0.0.1:7070', zh: '例如：--api 127.0.0.1:7070' },
  });
}
