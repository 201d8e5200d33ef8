import { once } from 'node:events';
import { Agent } from '../../agent/agent.ts';
import type { Notice } from '../../agent/contract.ts';
import { startApi } from '../../api/server.ts';
import { loadConfig } from '../../config/load.ts';
import type { ResolvedConfig } from '../../config/resolved.ts';
import { AppError } from '../../errors.ts';
import { refuseUnfit } from './check.ts';
import { narrate } from '../narrate.ts';

export type UpOptions = {
  readonly config: string;
  /** One JSON object a line instead of text. */
  readonly json: boolean;
  readonly out: NodeJS.WritableStream;
};

/** Runs the agent until SIGINT or SIGTERM, then stops members and data plane in an orderly way. */
export async function runUp(options: UpOptions): Promise<number> {
  const config = loadConfig(options.config);
  await refuseUnfit(config);
  const defect = new AbortController();
  const agent = await Agent.start(config, { onDefect: (error) => defect.abort(error) });
  const tell = options.json ? jsonTeller(options.out) : textTeller(options.out);
  for (const notice of agent.noticesAfter(0)) tell(notice);
  agent.subscribe(tell);
  try {
    const api = await startApi({ view: agent, ...config.agent.api });
    if (!options.json) options.out.write(greeting(config));
    await untilStopped(defect.signal);
    if (!options.json) options.out.write('stopping: members get their stop time-out to finish\n');
    await api.close();
  } finally {
    await agent.stop();
  }
  if (defect.signal.aborted) throw defectError(defect.signal.reason);
  return 0;
}

async function untilStopped(defect: AbortSignal): Promise<void> {
  const ended = new AbortController();
  const signals = ['SIGINT', 'SIGTERM'].map((name) =>
    once(process, name, { signal: ended.signal }),
  );
  const broken = new Promise((resolve) =>
    defect.addEventListener('abort', resolve, { once: true }),
  );
  await Promise.race([...signals, broken]);
  ended.abort();
  await Promise.allSettled(signals);
}

function defectError(reason: unknown): AppError {
  return new AppError(
    'internal',
    {
      what: `the agent stopped itself: ${reason instanceof Error ? reason.message : String(reason)}`,
      why: 'something that must always hold did not, and going on could do harm',
      todo: 'report it with the state directory; start again with hotwarm up',
    },
    { cause: reason },
  );
}

function greeting(config: ResolvedConfig): string {
  const services = config.services.map(
    ({ name, traffic, members }) =>
      `${name}: ${traffic.protocol}://${traffic.listen.host}:${traffic.listen.port}, members ${members.map((member) => member.name).join(', ')}`,
  );
  const { host, port } = config.agent.api;
  return `${services.join('\n')}\napi: http://${host}:${port}, stop with Ctrl-C\n`;
}

function textTeller(out: NodeJS.WritableStream): (notice: Notice) => void {
  return (notice) => {
    for (const line of narrate(notice, 'en'))
      out.write(`${time(notice.wallMs)}  ${notice.service}  ${line}\n`);
  };
}

function time(wallMs: number): string {
  const offsetMs = new Date(wallMs).getTimezoneOffset() * 60_000;
  return new Date(wallMs - offsetMs).toISOString().slice(11, 23);
}

/** The same objects as the event stream of the API. */
function jsonTeller(out: NodeJS.WritableStream): (notice: Notice) => void {
  return (notice) => void out.write(`${JSON.stringify(notice)}\n`);
}
