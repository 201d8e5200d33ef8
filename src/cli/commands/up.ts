import { Agent } from '../../agent/agent.ts';
import type { Notice } from '../../agent/contract.ts';
import { startApi } from '../../api/server.ts';
import { loadConfig } from '../../config/load.ts';
import type { ResolvedConfig } from '../../config/resolved.ts';
import { dismissAgent, LEAVE_SIGNAL } from '../../agent/replace.ts';
import { formatAddress } from '../../config/units.ts';
import { AppError } from '../../errors.ts';
import { refuseUnfit } from './check.ts';
import { narrate, narrateStop } from '../narrate.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', LEAVE_SIGNAL] as const;

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
  const ends = new Ends();
  try {
    await runUntil(ends, config, options);
  } finally {
    ends.close();
  }
  return 0;
}

async function runUntil(ends: Ends, config: ResolvedConfig, options: UpOptions): Promise<void> {
  const { out, json } = options;
  if (options.replace) await dismissAgent(config.agent.stateDir);
  const agent = await Agent.start(config, { onDefect: (error) => ends.tell({ defect: error }) });
  const tell = json ? jsonTeller(out) : textTeller(out);
  for (const notice of agent.noticesAfter(0)) tell(notice);
  agent.subscribe(tell);
  let end: End | null = null;
  try {
    const api = await startApi({ view: agent, ...config.agent.api });
    if (!json) out.write(greeting(config));
    end = await ends.first;
    if (!json) out.write(isReplaced(end) ? LEAVING : stopping(config));
    await api.close();
  } finally {
    await (isReplaced(end) ? agent.leave() : agent.stop());
  }
  if ('defect' in end) throw defectError(end.defect);
}

type End = { readonly signal: string } | { readonly defect: unknown };

function isReplaced(end: End | null): boolean {
  return end !== null && 'signal' in end && end.signal === LEAVE_SIGNAL;
}

/** What ends the agent. The signals are caught from the start to the end of the stop: one that came in between would leave members without an agent. */
class Ends {
  readonly first: Promise<End>;
  readonly tell: (end: End) => void;
  readonly #onSignal = (signal: string): void => this.tell({ signal });

  constructor() {
    const { promise, resolve } = Promise.withResolvers<End>();
    this.first = promise;
    this.tell = resolve;
    for (const name of SIGNALS) process.on(name, this.#onSignal);
  }

  close(): void {
    for (const name of SIGNALS) process.off(name, this.#onSignal);
  }
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
      `${name}: ${traffic.protocol}://${formatAddress(traffic.listen)}, members ${members.map((member) => member.name).join(', ')}`,
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
