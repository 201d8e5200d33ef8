import { AppError } from '../errors.ts';
import type { Client } from './client.ts';

/** The named service, or the only one. */
export async function pickService(client: Client, named: string | null): Promise<string> {
  if (named !== null) return named;
  const names = Object.keys((await client.status()).services);
  const [only, ...others] = names;
  if (only !== undefined && others.length === 0) return only;
  throw new AppError('usage', {
    message: { en: 'specify a service', zh: '未指定服务' },
    reason: {
      en: `the agent runs ${names.length} services: ${names.join(', ')}`,
      zh: `agent 运行着 ${names.length} 个服务：${names.join('、')}`,
    },
    hint: { en: 'run: hotwarm COMMAND SERVICE', zh: '运行：hotwarm 命令 服务名' },
  });
}
