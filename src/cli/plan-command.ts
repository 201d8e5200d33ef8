import { InvalidArgumentError } from 'commander';
import type { Cli, GlobalFlags } from './io.ts';
import { type PlanFlags, addPlanFlags } from './plan-flags.ts';

/** Needs neither an agent nor a configuration. */
export function addPlan({ program, io, handle, t }: Cli): void {
  const command = program
    .command('plan')
    .description(
      t(
        'compare redundancy designs by availability and cost, and recommend one',
        '按可用性和费用比较冗余方案，并推荐其一',
      ),
    )
    .argument(
      '[service]',
      t('service in the configuration (if it has several)', '配置中的服务（有多个时）'),
    );
  addPlanFlags(command, parsePort, t).action(
    async (service: string | undefined, flags: PlanFlags) => {
      const [{ runPlan }, { openTerminal }, { overridesOf }] = await Promise.all([
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
          said: overridesOf(flags),
          start,
          name,
          svg,
          write: writeTo,
          terminal,
        }),
      );
    },
  );
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw new InvalidArgumentError('Must be an integer from 1 to 65535.');
}
