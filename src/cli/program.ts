import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { Command, InvalidArgumentError, Option } from 'commander';
import { connect } from './connect.ts';
import { explainError } from './explain-error.ts';
import { chosenLocale, type Cli, type GlobalFlags, type Handler, type Io } from './io.ts';
import { type Locale, speaker } from '../core/describe/language.ts';
import { helpIn } from './help.ts';
import { addPlan } from './plan-command.ts';

// The grammar of the command line. Each command is a module of its own and is loaded when it is called: `hotwarm
// status` does not load the agent.

type JsonFlag = { readonly json: boolean };
type WaitFlags = JsonFlag & { readonly to?: string; readonly timeout: number };
type ReplayFlags = JsonFlag & {
  readonly set?: readonly string[];
  readonly export?: string;
  readonly all: boolean;
};

const DEFAULT_TIMEOUT_S = 300;
const DEFAULT_HISTORY = 20;
const MAX_HISTORY = 1000;
const DEFAULT_YEARS = 1000;
const MAX_YEARS = 10_000;
const MAX_SEED = 4_294_967_295;

/** Resolves to the exit code. Errors are written to `err`. */
export async function runCli(args: readonly string[], io: Io): Promise<number> {
  let exitCode = 0;
  const locale = chosenLocale(args, io.env);
  const program = createProgram(io, locale, async (code) => {
    exitCode = await code;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    return explainError(error, io.err, locale);
  }
}

function createProgram(io: Io, locale: Locale, handle: Handler): Command {
  const t = speaker(locale);
  const program = new Command('hotwarm');
  const cli: Cli = { program, io, locale, handle, t };
  program
    .description(
      t(
        'Keep a service up: run standbys, detect failures, fail over, explain.',
        '主备高可用：运行备用成员，检测失效，故障切换，并说明经过。',
      ),
    )
    .version(readVersion(), '-V, --version', t('print the version', '显示版本'))
    .helpOption('-h, --help', t('print help', '显示帮助'))
    .helpCommand('help [command]', t('print help for a command', '显示命令的帮助'))
    .option('-c, --config <file>', t('configuration file', '配置文件'), './hotwarm.yaml')
    .option(
      '--api <host:port>',
      t('agent API address (default: from the configuration)', 'agent API 的地址（默认取自配置）'),
    )
    .addOption(
      new Option('--lang <language>', t('output language', '输出语言')).choices(['en', 'zh']),
    )
    .configureHelp(helpIn(cli.locale))
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out.write(text),
      writeErr: (text) => io.err.write(text),
      // explainError prints it in the form of all errors.
      outputError: () => {},
    });
  addLocal(cli);
  addReading(cli);
  addReplay(cli);
  addPlan(cli);
  addSimulate(cli);
  addMoves(cli);
  addPauses(cli);
  return program;
}

/** Commands that need no agent. */
function addLocal({ program, io, locale, handle, t }: Cli): void {
  const { out } = io;
  program
    .command('init')
    .description(t('create an example configuration and service', '生成示例配置和示例服务'))
    .addOption(
      new Option('--template <name>', t('example to use', '选用的示例'))
        .choices(['node', 'flask', 'static', 'command'])
        .default('node'),
    )
    .option('--dir <directory>', t('output directory', '输出目录'), '.')
    .option('--force', t('overwrite existing files', '覆盖已有文件'), false)
    .action(async (flags) => {
      const { runInit } = await import('./commands/init.ts');
      await handle(runInit({ ...flags, locale, out }));
    });
  program
    .command('check')
    .description(
      t(
        'validate the configuration and this host, and predict takeover times',
        '检查配置与本机，并预测接管耗时',
      ),
    )
    .option(
      '--simulate',
      t('also run a short simulation to detect flapping', '另做短时仿真，检查是否反复切换'),
      false,
    )
    .option('--json', t('print JSON', '输出 JSON'), false)
    .action(async (flags: JsonFlag & { readonly simulate: boolean }) => {
      const { runCheck } = await import('./commands/check.ts');
      await handle(runCheck({ config: configOf(program), locale, ...flags, out }));
    });
  program
    .command('up')
    .description(t('run the agent in the foreground', '在前台运行 agent'))
    .option('--json', t('print events as JSON lines', '逐行输出 JSON 事件'), false)
    .option(
      '--replace',
      t('replace the running agent without restarting members', '替换正在运行的 agent，不重启成员'),
      false,
    )
    .action(async (flags: JsonFlag & { replace: boolean }) => {
      const { runUp } = await import('./commands/up.ts');
      await handle(
        runUp({
          config: configOf(program),
          locale,
          ...flags,
          ...io,
        }),
      );
    });
  program
    .command('demo')
    .description(
      t(
        'run a demo: crash and hang a service under load and show client errors',
        '演示：在负载下使服务崩溃和假死，并显示客户端的错误',
      ),
    )
    .option('--json', t('print JSON', '输出 JSON'), false)
    .action(async ({ json }: JsonFlag) => {
      const { runDemo } = await import('./commands/demo.ts');
      await handle(runDemo({ json, locale, out }));
    });
}

function addReading({ program, io, handle, t }: Cli): void {
  program
    .command('status')
    .description(t('show services, members and the last incident', '显示服务、成员和最近一次切换'))
    .argument('[service]', t('service to show (default: all)', '要显示的服务（默认全部）'))
    .option('--json', t('print JSON', '输出 JSON'), false)
    .option('-w, --watch', t('refresh until interrupted', '持续刷新，直到中断'), false)
    .action(async (service: string | undefined, flags: JsonFlag & { watch: boolean }) => {
      const { runStatus } = await import('./commands/status.ts');
      const signal = flags.watch ? io.stopSignal() : null;
      const base = { ...(await connect(program, io)), signal };
      await handle(runStatus({ ...base, ...flags, service: service ?? null }));
    });
  program
    .command('history')
    .description(t('list incidents, newest first', '列出切换记录，最新的在前'))
    .argument('[service]', t('service to show (default: all)', '要显示的服务（默认全部）'))
    .option('--json', t('print JSON', '输出 JSON'), false)
    .option(
      '-n, --limit <count>',
      t('maximum number of incidents', '至多显示的记录数'),
      parseLimit,
      DEFAULT_HISTORY,
    )
    .action(async (service: string | undefined, flags: JsonFlag & { limit: number }) => {
      const { runHistory } = await import('./commands/history.ts');
      await handle(
        runHistory({ ...(await connect(program, io)), ...flags, service: service ?? null }),
      );
    });
  program
    .command('explain')
    .description(
      t('show cause, evidence and timing of an incident', '说明一次切换的起因、证据和各步用时'),
    )
    .argument('[id]', t('incident ID (default: latest)', '切换编号（默认最近一次）'), parseId)
    .option('--json', t('print JSON', '输出 JSON'), false)
    .action(async (id: number | undefined, { json }: JsonFlag) => {
      const { runExplain } = await import('./commands/explain.ts');
      await handle(runExplain({ ...(await connect(program, io)), id: id ?? null, json }));
    });
}

/** Reads the journal itself, so it needs no agent. */
function addReplay({ program, io, handle, t }: Cli): void {
  program
    .command('replay')
    .description(
      t(
        're-run an incident through the decision logic, optionally with different settings',
        '用决策逻辑重放一次切换，可改用其他设置',
      ),
    )
    .argument(
      '[id-or-file]',
      t(
        'incident ID or exported file (default: latest incident)',
        '切换编号或导出的文件（默认最近一次切换）',
      ),
    )
    .option(
      '--set <path=value>',
      t(
        'override a setting, e.g. probe.timeout=300ms (repeatable)',
        '改用其他设置，如 probe.timeout=300ms（可多次使用）',
      ),
      (setting: string, before: readonly string[] | undefined) => [...(before ?? []), setting],
    )
    .addOption(
      new Option(
        '--export <file>',
        t('export the incident to a portable file', '把切换记录导出为可移植的文件'),
      ).conflicts('json'),
    )
    .option(
      '--all',
      t('show every event, including those with no effect', '显示所有事件，包括没有影响的事件'),
      false,
    )
    .option('--json', t('print JSON', '输出 JSON'), false)
    .action(async (what: string | undefined, flags: ReplayFlags) => {
      const [{ runReplay }, { openTerminal }] = await Promise.all([
        import('./commands/replay.ts'),
        import('../terminal.ts'),
      ]);
      const { config, lang } = program.opts<GlobalFlags>();
      const { set: settings = [], export: exportTo = null, json, all } = flags;
      const terminal = openTerminal({ out: io.out, env: io.env, lang });
      const id = what === undefined ? null : /^\d{1,15}$/.test(what) ? Number(what) : what;
      await handle(runReplay({ what: id, config, terminal, json, all, settings, exportTo }));
    });
}

type SimulateFlags = JsonFlag & {
  readonly fromHistory: boolean;
  readonly years: number;
  readonly seed?: number;
};

function addSimulate({ program, io, handle, t }: Cli): void {
  program
    .command('simulate')
    .description(
      t('simulate years of faults and report availability', '仿真多年的故障，报告可用性'),
    )
    .argument('[service]', t('service to simulate (default: all)', '要仿真的服务（默认全部）'))
    .option('--years <count>', t('years to simulate', '仿真的年数'), parseYears, DEFAULT_YEARS)
    .option(
      '--seed <number>',
      t('print the timeline of one of the 40 runs', '显示 40 次运行之一的经过'),
      parseSeed,
    )
    .option(
      '--from-history',
      t("use failure rates from this installation's journal", '失效率取自本安装的事件日志'),
      false,
    )
    .option('--json', t('print JSON', '输出 JSON'), false)
    .action(async (service: string | undefined, flags: SimulateFlags) => {
      const [{ runSimulate }, { openTerminal }] = await Promise.all([
        import('./commands/simulate.ts'),
        import('../terminal.ts'),
      ]);
      const { config, lang } = program.opts<GlobalFlags>();
      const terminal = openTerminal({ out: io.out, env: io.env, lang });
      const { seed = null } = flags;
      await handle(runSimulate({ ...flags, config, service: service ?? null, seed, terminal }));
    });
}

/** Commands that wait until the takeover has ended. */
function addMoves({ program, io, handle, t }: Cli): void {
  const define = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .argument(
        '[service]',
        t('service name (optional if there is only one)', '服务名（只有一个服务时可省略）'),
      )
      .option('--json', t('print JSON', '输出 JSON'), false)
      .option(
        '--timeout <seconds>',
        t('maximum time to wait', '最长等待时间（秒）'),
        parseTimeout,
        DEFAULT_TIMEOUT_S,
      );
  const optionsOf = async (service: string | undefined, { json, timeout }: WaitFlags) => ({
    ...(await connect(program, io)),
    service: service ?? null,
    json,
    timeoutMs: timeout * 1000,
  });
  define(
    'switchover',
    t('switch to another member gracefully (drains requests)', '平滑切换到另一成员（排空请求）'),
  )
    .option(
      '--to <member>',
      t('target member (default: best eligible standby)', '目标成员（默认最合适的备用成员）'),
    )
    .action(async (service: string | undefined, flags: WaitFlags) => {
      const { runSwitchover } = await import('./commands/switchover.ts');
      const options = await optionsOf(service, flags);
      await handle(runSwitchover({ ...options, to: flags.to ?? null }));
    });
  define(
    'failover',
    t('switch immediately: kill the active member, no drain', '立即切换：强制终止主用成员，不排空'),
  )
    .option(
      '--to <member>',
      t('target member (default: best eligible standby)', '目标成员（默认最合适的备用成员）'),
    )
    .action(async (service: string | undefined, flags: WaitFlags) => {
      const { runFailover } = await import('./commands/failover.ts');
      const options = await optionsOf(service, flags);
      await handle(runFailover({ ...options, to: flags.to ?? null }));
    });
  define('failback', t('switch back to the preferred member', '回切到首选成员')).action(
    async (service: string | undefined, flags: WaitFlags) => {
      const { runFailback } = await import('./commands/failback.ts');
      await handle(runFailback(await optionsOf(service, flags)));
    },
  );
}

function addPauses({ program, io, handle, t }: Cli): void {
  const define = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .argument(
        '[service]',
        t('service name (optional if there is only one)', '服务名（只有一个服务时可省略）'),
      )
      .option('--json', t('print JSON', '输出 JSON'), false);
  define(
    'pause',
    t('suspend automatic actions (maintenance mode)', '暂停自动切换（维护模式）'),
  ).action(async (service: string | undefined, { json }: JsonFlag) => {
    const { runPause } = await import('./commands/pause.ts');
    await handle(runPause({ ...(await connect(program, io)), service: service ?? null, json }));
  });
  define('resume', t('resume automatic actions', '恢复自动切换')).action(
    async (service: string | undefined, { json }: JsonFlag) => {
      const { runResume } = await import('./commands/resume.ts');
      await handle(runResume({ ...(await connect(program, io)), service: service ?? null, json }));
    },
  );
}

function configOf(program: Command): string {
  return program.opts<GlobalFlags>().config;
}

function parseId(text: string): number {
  return parseNumber(text, 1, Number.MAX_SAFE_INTEGER);
}

function parseLimit(text: string): number {
  return parseNumber(text, 1, MAX_HISTORY);
}

function parseYears(text: string): number {
  return parseNumber(text, 1, MAX_YEARS);
}

function parseSeed(text: string): number {
  return parseNumber(text, 0, MAX_SEED);
}

function parseTimeout(text: string): number {
  return parseNumber(text, 1, 86_400);
}

function parseNumber(text: string, min: number, max: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new InvalidArgumentError(`Must be an integer from ${min} to ${max}.`);
}

function readVersion(): string {
  const file = findPackageJSON('..', import.meta.url);
  if (file === undefined) return 'unknown';
  const manifest: { readonly version: string } = JSON.parse(readFileSync(file, 'utf8'));
  return manifest.version;
}
