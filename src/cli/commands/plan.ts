import { existsSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { AppError } from '../../errors.ts';
import type { Design } from '../../model/plan/design-space.ts';
import { planFor } from '../../model/plan/recommendation.ts';
import { speaker } from '../../core/describe/language.ts';
import { type Terminal, writeJson } from '../../terminal.ts';
import { paragraph } from '../../plan/layout.ts';
import { formatChains } from '../../plan/chain-text.ts';
import { planChart } from '../../plan/chart.ts';
import { type Origin, configurationOf } from '../../plan/configuration.ts';
import { planCsv } from '../../plan/csv.ts';
import { type Described, describe } from '../../plan/description.ts';
import { planDocument } from '../../plan/document.ts';
import type { History } from '../../plan/history.ts';
import { formatHistory } from '../../plan/history-text.ts';
import { describeKnown, temperaturesFor } from '../../plan/plan-from-config.ts';
import { type Report, formatPlan, summaryText } from '../../plan/report.ts';
import { splitCommand } from '../../plan/start-command.ts';
import { type Said, type Stated, merge, readSaid } from '../../plan/plan-input.ts';
import { nextStepsText } from '../../plan/next-steps.ts';
import { type Written, writeNew } from '../../plan/write-new.ts';

type PlanOptions = {
  readonly config: string;
  /** A service of the configuration, if it has several. */
  readonly service: string | null;
  readonly said: readonly Said[];
  readonly start: string | null;
  readonly name: string | null;
  readonly port: number;
  /** A path, or `tcp`. */
  readonly probe: string;
  /** null: write nothing. */
  readonly write: string | null;
  readonly svg: string | null;
  readonly force: boolean;
  readonly fromHistory: boolean;
  readonly explain: boolean;
  readonly json: boolean;
  readonly csv: boolean;
  readonly terminal: Terminal;
};

/** Recommends a redundancy design with reasons. Returns the exit code. Throws AppError. */
export async function runPlan(options: PlanOptions): Promise<number> {
  const { terminal, json, csv, svg, write, explain } = options;
  const asked = ask(options);
  const unread = unreadText(options, asked.present !== null);
  const plan = planFor(asked.described.question, asked.present);
  const { currency, figures } = asked.described;
  const { service } = asked;
  const report: Report = { plan, service, currency, figures };
  const written = [
    ...(write === null ? [] : [writeDesign(options, asked.origin, report)]),
    ...(svg === null ? [] : [writeNew(svg, planChart(report, terminal.locale), options.force)]),
  ];
  if (json) {
    const history = asked.history;
    writeJson(terminal, planDocument({ plan, service, currency, figures, history, explain }));
  } else if (csv) {
    terminal.out.write(planCsv(plan));
  } else {
    terminal.out.write(formatPlan(terminal, report));
    terminal.out.write(unread);
    if (asked.history !== null) terminal.out.write(`\n${formatHistory(terminal, asked.history)}`);
    if (explain) terminal.out.write(`\n${formatChains(terminal, plan.chosen.evaluation)}`);
    terminal.out.write(`\n${nextStepsText({ written, isRunnable: write !== null }, terminal)}`);
  }
  return 0;
}

type Asked = {
  readonly service: string;
  readonly described: Described;
  readonly history: History | null;
  readonly origin: Origin | null;
  /** The configured design; null: none. */
  readonly present: Design | null;
};

/** The question from the command line, and from the file unless --start describes another service. */
function ask(options: PlanOptions): Asked {
  const line = readSaid(options.said);
  const isNew = options.start !== null || !existsSync(options.config);
  return isNew ? askNew(options, line) : askKnown(options, line);
}

function askNew(options: PlanOptions, line: Stated): Asked {
  const { said, start, port, probe, fromHistory } = options;
  if (options.service !== null || fromHistory) {
    throw new AppError('usage', {
      message: fromHistory
        ? { en: '--from-history needs a configuration', zh: '--from-history 需要配置文件' }
        : {
            en: `service ${options.service ?? ''} needs a configuration`,
            zh: `服务 ${options.service ?? ''} 需要配置文件`,
          },
      reason:
        start === null
          ? { en: `${options.config} does not exist`, zh: `${options.config} 不存在` }
          : {
              en: '--start describes a service without a configuration',
              zh: '--start 描述的是没有配置的服务',
            },
      hint: {
        en: 'give the configuration with -c FILE, and omit --start',
        zh: '用 -c FILE 指定配置，并去掉 --start',
      },
    });
  }
  const name = options.name ?? nameFor(dirname(resolve(options.config)));
  const context = {
    seesHangs: probe !== 'tcp',
    replays: true,
    temperatures: temperaturesFor(null),
    exclusive: null,
    history: null,
  };
  const stated = merge(null, line, said);
  const origin: Origin | null =
    start === null
      ? null
      : { kind: 'new', said, service: { name, command: splitCommand(start), port, probe } };
  return {
    service: name,
    described: describe(stated, context),
    history: null,
    origin,
    present: null,
  };
}

function askKnown(options: PlanOptions, line: Stated): Asked {
  const { said, config: file, service, fromHistory } = options;
  const known = describeKnown(file, service, { line, said, fromHistory });
  const { name, described, history, source, present } = known;
  return {
    service: name,
    described,
    history,
    origin: { kind: 'known', said, service: { name, file, source } },
    present,
  };
}

/** The name of the directory as a valid service name. */
function nameFor(directory: string): string {
  const name = basename(directory)
    .replaceAll(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^[^A-Za-z]+/, '')
    .slice(0, 31);
  return name === '' ? 'app' : name;
}

function writeDesign(options: PlanOptions, origin: Origin | null, report: Report): Written {
  const { write, force, terminal, config } = options;
  if (origin === null) {
    throw new AppError('usage', {
      message: { en: 'the start command is not known', zh: '不知道如何启动服务' },
      reason: {
        en: `${config} does not exist and --start is not set`,
        zh: `${config} 不存在，也没有 --start`,
      },
      hint: {
        en: 'for example, add: --start "python app.py" --port 5000',
        zh: '例如加上：--start "python app.py" --port 5000',
      },
    });
  }
  const text = configurationOf(
    report.plan,
    origin,
    summaryText(report, { ...terminal, locale: 'en' }),
  );
  const file = write ?? config;
  return writeNew(file, text, force);
}

/** A notice if `--start` describes another service than the file. */
function unreadText({ config, terminal }: PlanOptions, isRead: boolean): string {
  if (isRead || !existsSync(config)) return '';
  const text = speaker(terminal.locale)(
    `${config} was not read, as --start describes another service`,
    `未读取 ${config}，因为 --start 描述的是另一个服务`,
  );
  return `\n${paragraph(terminal, text, 'doubtful')}`;
}
