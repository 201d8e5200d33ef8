import { Agent } from '../../agent/agent.ts';
import type { AgentEvent } from '../../agent/contract.ts';
import { loadConfig } from '../../config/load.ts';
import type { ResolvedConfig } from '../../config/resolved.ts';
import { HANDOVER_SIGNAL, startInPlace } from '../../agent/hand-over.ts';
import { formatAddress } from '../../config/units.ts';
import { closeInherited } from '../../drivers/os/inherited-descriptors.ts';
import { ServiceManager } from '../../drivers/service-manager.ts';
import { type Locale, speaker, type Text } from '../../core/describe/language.ts';
import { AppError } from '../../errors.ts';
import { formatFindings } from '../check-report.ts';
import { assertHostReady } from './check.ts';
import { saveCompiled } from '../compile-cache.ts';
import { explainError } from '../explain-error.ts';
import { HangUps } from '../sighup.ts';
import type { Io } from '../io.ts';
import { eventLines, stopNotice } from '../event-lines.ts';
import { Supervision } from '../systemd-notify.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', HANDOVER_SIGNAL] as const;
/** Added to the members' stop timeout: time limit of the whole stop. */
const STOP_SLACK_MS = 15_000;

type UpOptions = {
  readonly config: string;
  /** Print events as JSON lines. */
  readonly json: boolean;
  /** Replace the running agent. */
  readonly replace: boolean;
  readonly locale: Locale;
} & Pick<Io, 'out' | 'err' | 'env'>;

/**
 * Runs the agent until SIGINT or SIGTERM, then stops members and data plane in order; or until another agent replaces
 * it, and then leaves them running. SIGHUP stops nothing (see sighup.ts).
 */
export async function runUp(options: UpOptions): Promise<number> {
  const { err } = options;
  closeInherited();
  const supervision = new Supervision(
    ServiceManager.of(options.env, process.pid),
    (error) => void explainError(error, err, options.locale),
  );
  const ends = new Ends();
  const hangUps = new HangUps({
    supervision,
    err,
    locale: options.locale,
    isEnding: () => ends.haveCome,
  });
  try {
    const config = loadConfig(options.config);
    await supervision.begin();
    for (const line of formatFindings(await assertHostReady(config), options.locale))
      err.write(`${line}\n`);
    await runUntil(ends, supervision, config, options);
  } finally {
    supervision.close();
    ends.close();
    hangUps.close();
  }
  return 0;
}

async function runUntil(
  ends: Ends,
  supervision: Supervision,
  config: ResolvedConfig,
  options: UpOptions,
): Promise<void> {
  const { out, err, json, locale } = options;
  const start = async (): Promise<Agent> =>
    await Agent.start(config, { onDefect: (error) => ends.tell({ defect: error }) });
  if (options.replace) await supervision.becomeMain();
  const agent = await (options.replace ? startInPlace(config.agent.stateDir, start) : start());
  const tell = json ? jsonTeller(out) : textTeller(out, locale);
  for (const event of agent.eventsAfter(0)) tell(event);
  agent.subscribe(tell);
  let end: End | null = null;
  try {
    // Loaded lazily so that recovery after an agent crash is not delayed.
    const { startApi } = await import('../../api/server.ts');
    const onDefect = (error: unknown): void => void explainError(error, err, locale);
    const api = await startApi({ view: agent, ...config.agent.api, onDefect });
    supervision.watch(agent);
    saveCompiled();
    if (!json) out.write(greeting(config, locale));
    end = await ends.first;
    if (!json) out.write(isReplaced(end) ? `${LEAVING[locale]}\n` : stopping(config, locale));
    await api.close();
  } finally {
    if (isReplaced(end)) {
      supervision.close();
      await agent.leave();
    } else if (end === null) {
      await agent.undoStart();
    } else {
      supervision.stopping(stopMs(config));
      await agent.stop();
      await supervision.settled();
    }
  }
  if ('defect' in end) throw defectError(end.defect);
}

function stopMs({ services }: ResolvedConfig): number {
  return Math.max(0, ...services.map(({ core }) => core.timeouts.stopMs)) + STOP_SLACK_MS;
}

type End = { readonly signal: string } | { readonly defect: unknown };

function isReplaced(end: End | null): boolean {
  return end !== null && 'signal' in end && end.signal === HANDOVER_SIGNAL;
}

/** Signals and defects that end the agent. Signals are caught until the stop has ended: otherwise one during startup or stop would leave members without an agent. */
class Ends {
  readonly first: Promise<End>;
  readonly tell: (end: End) => void;
  haveCome = false;
  readonly #onSignal = (signal: string): void => this.tell({ signal });

  constructor() {
    const { promise, resolve } = Promise.withResolvers<End>();
    this.first = promise;
    this.tell = (end) => {
      this.haveCome = true;
      resolve(end);
    };
    for (const name of SIGNALS) process.on(name, this.#onSignal);
  }

  close(): void {
    for (const name of SIGNALS) process.off(name, this.#onSignal);
  }
}

function defectError(reason: unknown): AppError {
  const detail = reason instanceof Error ? reason.message : String(reason);
  return new AppError(
    'internal',
    {
      message: {
        en: `the agent stopped itself: ${detail}`,
        zh: `agent 已自行停止：${detail}`,
      },
      reason: {
        en: 'an internal invariant failed; continuing could cause harm',
        zh: '内部不变量被违反，继续运行可能造成损害',
      },
      hint: {
        en: 'report this with the state directory; start again with: hotwarm up',
        zh: '请附上状态目录报告此问题；重新启动：hotwarm up',
      },
    },
    { cause: reason },
  );
}

const LEAVING: Text = {
  en: 'exiting; members keep running for the next agent',
  zh: '正在退出；成员继续运行，由新的 agent 接手',
};

function stopping(config: ResolvedConfig, locale: Locale): string {
  const modes = config.services.map(({ core }) => core.mode);
  return `${stopNotice(modes, locale)}\n`;
}

function greeting(config: ResolvedConfig, locale: Locale): string {
  const t = speaker(locale);
  const services = config.services.map(({ name, traffic, members }) => {
    const url = `${traffic.protocol}://${formatAddress(traffic.listen)}`;
    const names = members.map((member) => member.name);
    return t(
      `${name}: ${url}, members ${names.join(', ')}`,
      `${name}：${url}，成员 ${names.join('、')}`,
    );
  });
  const { host, port } = config.agent.api;
  const api = t(
    `api: http://${host}:${port}, stop with Ctrl-C`,
    `API：http://${host}:${port}，按 Ctrl-C 停止`,
  );
  return `${services.join('\n')}\n${api}\n`;
}

function textTeller(out: NodeJS.WritableStream, locale: Locale): (event: AgentEvent) => void {
  return (event) => {
    for (const line of eventLines(event, locale))
      out.write(`${time(event.wallMs)}  ${event.service}  ${line}\n`);
  };
}

function time(wallMs: number): string {
  const offsetMs = new Date(wallMs).getTimezoneOffset() * 60_000;
  return new Date(wallMs - offsetMs).toISOString().slice(11, 23);
}

/** The same objects as the event stream of the API. */
function jsonTeller(out: NodeJS.WritableStream): (event: AgentEvent) => void {
  return (event) => void out.write(`${JSON.stringify(event)}\n`);
}
