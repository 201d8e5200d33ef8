import { AppError } from '../errors.ts';
import type { Client } from './client.ts';

/** The service that was named, or the only one there is. */
export async function pickService(client: Client, named: string | null): Promise<string> {
  if (named !== null) return named;
  const names = Object.keys((await client.status()).services);
  const [only, ...others] = names;
  if (only !== undefined && others.length === 0) return only;
  throw new AppError('usage', {
    what: 'which service is meant is not clear',
    why: `the agent runs ${names.length}: ${names.join(', ')}`,
    todo: 'name one of them after the command',
  });
}
