import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { Command, InvalidArgumentError, Option } from 'commander';
import { connect } from './connect.ts';
import { explainError } from './explain-error.ts';
import { chosenLocale, type GlobalFlags, type Io } from './io.ts';
import { localeOf } from '../terminal.ts';
import { addPlan } from './plan-command.ts';

// The command line: what may be typed, and nothing of what it does. Each command is a module of its own
// and is loaded when it is called, so that `hotwarm status` does not pay for the agent.

type JsonFlag = { readonly json: boolean };
type WaitFlags = JsonFlag & { readonly to?: string; readonly timeout: number };
type ReplayFlags = JsonFlag & {
  readonly set?: readonly string[];
  readonly export?: string;
  readonly all: boolean;
};
type Handler = (exitCode: Promise<number>) => Promise<void>;

const DEFAULT_TIMEOUT_S = 300;
const DEFAULT_HISTORY = 20;
const MAX_HISTORY = 1000;
const DEFAULT_YEARS = 1000;
const MAX_YEARS = 10_000;
const MAX_SEED = 4_294_967_295;

/** Resolves to the exit code; everything said about an error is written to `err`. */
export async function runCli(args: readonly string[], io: Io): Promise<number> {
  let exitCode = 0;
  const program = createProgram(io, async (code) => {
    exitCode = await code;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    return explainError(error, io.err, chosenLocale(args, io.env));
  }
}

function createProgram(io: Io, handle: Handler): Command {
  const program = new Command('hotwarm')
    .description(
      'Hot-warm redundancy for any service: detect, fence, take over, hand back, explain.',
    )
    .version(readVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .option('-c, --config <file>', 'configuration file', './hotwarm.yaml')
    .option('--api <host:port>', "address of the agent's API instead of the configured one")
    .addOption(new Option('--lang <language>', 'language of the texts').choices(['en', 'zh']))
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out.write(text),
      writeErr: (text) => io.err.write(text),
      // Printed by explainError, in the shape of all other errors.
      outputError: () => {},
    });
  addLocal(program, io, handle);
  addReading(program, io, handle);
  addReplay(program, io, handle);
  addPlan(program, io, handle);
  addSimulate(program, io, handle);
  addMoves(program, io, handle);
  addPauses(program, io, handle);
  return program;
}

/** Commands that need no agent. */
function addLocal(program: Command, io: Io, handle: Handler): void {
  const { out } = io;
  program
    .command('init')
    .description('write a configuration and a small service to start from')
    .addOption(
      new Option('--template <name>', 'what to start from')
        .choices(['node', 'flask', 'static', 'command'])
        .default('node'),
    )
    .option('--dir <directory>', 'where to write it', '.')
    .option('--force', 'overwrite what is there', false)
    .action(async (flags) => {
      const { runInit } = await import('./commands/init.ts');
      await handle(runInit({ ...flags, out }));
    });
  program
    .command('check')
    .description('find every fault of a configuration and say what its timings imply')
    .option('--simulate', 'let some years pass as well, to see whether the timings flap', false)
    .option('--json', 'machine-readable', false)
    .action(async (flags: JsonFlag & { readonly simulate: boolean }) => {
      const { runCheck } = await import('./commands/check.ts');
      await handle(runCheck({ config: configOf(program), ...flags, out }));
    });
  program
    .command('up')
    .description('run the services until stopped')
    .option('--json', 'one JSON object a line', false)
    .option('--replace', 'take over from the agent that runs; the members go on', false)
    .action(async (flags: JsonFlag & { replace: boolean }) => {
      const { runUp } = await import('./commands/up.ts');
      await handle(
        runUp({
          config: configOf(program),
          locale: localeOf(io.env, program.opts<GlobalFlags>().lang),
          ...flags,
          ...io,
        }),
      );
    });
  program
    .command('demo')
    .description('kill and hang a small service under load and see what its clients notice')
    .option('--json', 'machine-readable', false)
    .action(async ({ json }: JsonFlag) => {
      const { runDemo } = await import('./commands/demo.ts');
      await handle(runDemo({ json, out }));
    });
}

function addReading(program: Command, io: Io, handle: Handler): void {
  program
    .command('status')
    .description('who serves, who stands by, what happened last')
    .argument('[service]', 'only this one')
    .option('--json', 'machine-readable', false)
    .option('-w, --watch', 'keep it up to date', false)
    .action(async (service: string | undefined, flags: JsonFlag & { watch: boolean }) => {
      const { runStatus } = await import('./commands/status.ts');
      const signal = flags.watch ? io.stopSignal() : null;
      const base = { ...(await connect(program, io)), signal };
      await handle(runStatus({ ...base, ...flags, service: service ?? null }));
    });
  program
    .command('history')
    .description('past incidents, newest first')
    .argument('[service]', 'only of this one')
    .option('--json', 'machine-readable', false)
    .option('-n, --limit <count>', 'at most so many', parseLimit, DEFAULT_HISTORY)
    .action(async (service: string | undefined, flags: JsonFlag & { limit: number }) => {
      const { runHistory } = await import('./commands/history.ts');
      await handle(
        runHistory({ ...(await connect(program, io)), ...flags, service: service ?? null }),
      );
    });
  program
    .command('explain')
    .description('what happened in an incident, on what evidence, and how long each step took')
    .argument('[id]', 'number of the incident; the newest one without it', parseId)
    .option('--json', 'machine-readable', false)
    .action(async (id: number | undefined, { json }: JsonFlag) => {
      const { runExplain } = await import('./commands/explain.ts');
      await handle(runExplain({ ...(await connect(program, io)), id: id ?? null, json }));
    });
}

/** Reads the journal itself, so it needs no agent. */
function addReplay(program: Command, io: Io, handle: Handler): void {
  program
    .command('replay')
    .description(
      'step an incident through the decisions again, event by event, or with another setting',
    )
    .argument(
      '[id-or-file]',
      'number of the incident, or a file of an exported one; the newest one without it',
    )
    .option(
      '--set <path=value>',
      'what would have happened with this setting, e.g. probe.timeout=300ms; may be repeated',
      (setting: string, before: readonly string[] | undefined) => [...(before ?? []), setting],
    )
    .addOption(
      new Option('--export <file>', 'write it as a scenario that replays anywhere').conflicts(
        'json',
      ),
    )
    .option('--all', 'every event for itself, those that changed nothing too', false)
    .option('--json', 'machine-readable', false)
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

function addSimulate(program: Command, io: Io, handle: Handler): void {
  program
    .command('simulate')
    .description(
      'years of faults in seconds: how available this configuration is, and what it does',
    )
    .argument('[service]', 'only this one')
    .option('--years <count>', 'simulate so many', parseYears, DEFAULT_YEARS)
    .option('--seed <number>', 'one of the forty lives, with its timeline', parseSeed)
    .option('--from-history', 'rates and coverage from the journal of this installation', false)
    .option('--json', 'machine-readable', false)
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

/** Commands that wait until the traffic has moved. */
function addMoves(program: Command, io: Io, handle: Handler): void {
  const define = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .argument('[service]', 'may be left out where there is only one')
      .option('--json', 'machine-readable', false)
      .option('--timeout <seconds>', 'wait at most so long', parseTimeout, DEFAULT_TIMEOUT_S);
  const optionsOf = async (service: string | undefined, { json, timeout }: WaitFlags) => ({
    ...(await connect(program, io)),
    service: service ?? null,
    json,
    timeoutMs: timeout * 1000,
  });
  define('switchover', 'move to another member without losing a request')
    .option('--to <member>', 'to this one; the best one without it')
    .action(async (service: string | undefined, flags: WaitFlags) => {
      const { runSwitchover } = await import('./commands/switchover.ts');
      const options = await optionsOf(service, flags);
      await handle(runSwitchover({ ...options, to: flags.to ?? null }));
    });
  define('failover', 'take over at once, without waiting for the active member')
    .option('--to <member>', 'to this one; the best one without it')
    .action(async (service: string | undefined, flags: WaitFlags) => {
      const { runFailover } = await import('./commands/failover.ts');
      const options = await optionsOf(service, flags);
      await handle(runFailover({ ...options, to: flags.to ?? null }));
    });
  define('failback', 'return to the preferred member').action(
    async (service: string | undefined, flags: WaitFlags) => {
      const { runFailback } = await import('./commands/failback.ts');
      await handle(runFailback(await optionsOf(service, flags)));
    },
  );
}

function addPauses(program: Command, io: Io, handle: Handler): void {
  const define = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .argument('[service]', 'may be left out where there is only one')
      .option('--json', 'machine-readable', false);
  define('pause', 'for maintenance: observe and report, do nothing').action(
    async (service: string | undefined, { json }: JsonFlag) => {
      const { runPause } = await import('./commands/pause.ts');
      await handle(runPause({ ...(await connect(program, io)), service: service ?? null, json }));
    },
  );
  define('resume', 'end a pause').action(
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
