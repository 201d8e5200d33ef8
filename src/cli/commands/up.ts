import { once } from 'node:events';
import { Agent } from '../../agent/agent.ts';
import type { Notice } from '../../agent/contract.ts';
import { startApi } from '../../api/server.ts';
import { loadConfig } from '../../config/load.ts';
import type { ResolvedConfig } from '../../config/resolved.ts';
import { dismissAgent, LEAVE_SIGNAL } from '../../agent/replace.ts';
import { AppError } from '../../errors.ts';
import { refuseUnfit } from './check.ts';
import { narrate, narrateStop } from '../narrate.ts';

export type UpOptions = {
  readonly config: string;
  /** One JSON object a line instead of text. */
  readonly json: boolean;
  /** Take over from the agent that runs. */
  readonly replace: boolean;
  readonly out: NodeJS.WritableStream;
};

/**
 * Runs the agent until SIGINT or SIGTERM, then stops members and data plane in an orderly way; or until another
 * agent takes its place, for which it leaves them running.
 */
export async function runUp(options: UpOptions): Promise<number> {
  const config = loadConfig(options.config);
  await refuseUnfit(config);
  if (options.replace) await dismissAgent(config.agent.stateDir);
  const defect = new AbortController();
  const agent = await Agent.start(config, { onDefect: (error) => defect.abort(error) });
  const tell = options.json ? jsonTeller(options.out) : textTeller(options.out);
  for (const notice of agent.noticesAfter(0)) tell(notice);
  agent.subscribe(tell);
  let isReplaced = false;
  try {
    const api = await startApi({ view: agent, ...config.agent.api });
    if (!options.json) options.out.write(greeting(config));
    isReplaced = (await untilStopped(defect.signal)) === LEAVE_SIGNAL;
    if (!options.json) options.out.write(isReplaced ? LEAVING : stopping(config));
    await api.close();
  } finally {
    await (isReplaced ? agent.leave() : agent.stop());
  }
  if (defect.signal.aborted) throw defectError(defect.signal.reason);
  return 0;
}

/** The signal that came; null: a defect. */
async function untilStopped(defect: AbortSignal): Promise<string | null> {
  const ended = new AbortController();
  const signals = ['SIGINT', 'SIGTERM', LEAVE_SIGNAL].map(async (name) => {
    await once(process, name, { signal: ended.signal });
    return name;
  });
  const broken = new Promise<null>((resolve) =>
    defect.addEventListener('abort', () => resolve(null), { once: true }),
  );
  const first = await Promise.race([...signals, broken]);
  ended.abort();
  await Promise.allSettled(signals);
  return first;
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

const LEAVING = 'leaving members and traffic to the next agent\n';

function stopping(config: ResolvedConfig): string {
  return `${narrateStop(config.services.map(({ core }) => core.mode))}\n`;
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
