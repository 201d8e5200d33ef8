import { type Command, InvalidArgumentError } from 'commander';
import type { GlobalFlags, Io } from './io.ts';
import { type PlanFlags, addPlanFlags } from './plan-flags.ts';

/** Needs no agent, and not even a configuration. */
export function addPlan(
  program: Command,
  io: Io,
  handle: (exitCode: Promise<number>) => Promise<void>,
): void {
  const command = program
    .command('plan')
    .description(
      'what redundancy costs and how available it will be, before it is built; recommends a scheme',
    )
    .argument('[service]', 'of the configuration, if it has several');
  addPlanFlags(command, parsePort).action(async (service: string | undefined, flags: PlanFlags) => {
    const [{ runPlan }, { openTerminal }, { saidBy }] = await Promise.all([
      import('./commands/plan.ts'),
      import('../terminal.ts'),
      import('./flag-overrides.ts'),
    ]);
    const { config, lang } = program.opts<GlobalFlags>();
    const { start = null, name = null, svg = null, write } = flags;
    const terminal = openTerminal({ out: io.out, env: io.env, lang });
    const writeTo = write === undefined ? null : write === true ? config : write;
    await handle(
      runPlan({
        ...flags,
        config,
        service: service ?? null,
        said: saidBy(flags),
        start,
        name,
        svg,
        write: writeTo,
        terminal,
      }),
    );
  });
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw new InvalidArgumentError('Must be an integer from 1 to 65535.');
}
