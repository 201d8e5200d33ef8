// hotwarm beside HAProxy and nginx in one run: the active member's main process is killed or stopped under an
// open-loop load of 200 requests/s, each on a connection of its own, and the clients tell how long nobody was
// served and what failed. Rounds go through all contenders, each time beginning with another, so that drift of
// the machine hits all alike; those with outages of many seconds take part in a quarter of the rounds.
//   node bench/failover.ts [--trials 3] [--only NAME,...] [--faults kill,hang] [--watch 20] [--json] [--write]
//   node bench/failover.ts --print-configs [--only NAME,...]
import { parseArgs } from 'node:util';
import { percentile } from '../src/core/percentile.ts';
import type { Act, Contender, Method } from './peers/contender.ts';
import { CONTENDERS } from './peers/contenders.ts';
import { watchOthers } from './peers/processes.ts';
import { runTrial, warmUp, type Trial } from './peers/trial.ts';
import { writePlot } from './plot.ts';
import { describeMachine, markdownTable, noiseWarning, writeSection } from './report.ts';

type Cell = {
  readonly contender: Contender;
  readonly act: Act;
  readonly method: Method;
  readonly trials: Trial[];
};

const TITLES = {
  none: 'No fault',
  kill: 'Active killed (SIGKILL)',
  hang: 'Active hung (SIGSTOP)',
} as const satisfies Record<Act, string>;

/** Those with long outages: a quarter of the rounds. */
function takesPart(contender: Contender, round: number, rounds: number): boolean {
  const share = contender.slow ? Math.ceil(rounds / 4) : rounds;
  return (round * share) % rounds < share;
}

function rotate<T>(items: readonly T[], by: number): readonly T[] {
  const start = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}

async function runRound(cells: readonly Cell[], watchMs: number): Promise<void> {
  const contender = cells[0]?.contender;
  if (contender === undefined) return;
  const running = await contender.start();
  try {
    await warmUp(running);
    for (const { act, method, trials } of cells) {
      const trial = await runTrial({ running, act, method, watchMs });
      trials.push(trial);
      console.error(
        `${contender.name} ${act} ${method}: ${formatGap(trial.gapMs, watchMs)}, failed ${trial.failed} of ${trial.sent}`,
      );
      await running.heal();
    }
  } finally {
    await running.close();
  }
}

function formatGap(ms: number, watchMs: number): string {
  if (ms >= watchMs) return `> ${watchMs / 1000} s`;
  return ms < 1000 ? `${ms.toFixed(ms < 100 ? 1 : 0)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function rowOf({ contender, method, trials }: Cell, watchMs: number): readonly string[] {
  const gaps = trials.map(({ gapMs }) => gapMs);
  const gap = (share: number) => formatGap(percentile(gaps, share) ?? 0, watchMs);
  const failed = trials.map((trial) => trial.failed);
  return [
    contender.title,
    method,
    String(trials.length),
    gap(0.5),
    gap(0.99),
    gap(1),
    `${sum(failed)} of ${sum(trials.map(({ sent }) => sent))}`,
    String(Math.max(...failed)),
  ];
}

const HEAD = [
  '',
  'method',
  'trials',
  'gap p50',
  'gap p99',
  'gap max',
  'failed',
  'failed, worst trial',
];

function tableOf(cells: readonly Cell[], act: Act, watchMs: number): string {
  const rows = cells
    .filter((cell) => cell.act === act && cell.trials.length > 0)
    .toSorted((a, b) => a.method.localeCompare(b.method))
    .map((cell) => rowOf(cell, watchMs));
  return `**${TITLES[act]}**\n\n${markdownTable(HEAD, rows)}`;
}

function plot(cells: readonly Cell[], watchMs: number): void {
  for (const act of ['kill', 'hang'] as const) {
    const strips = cells
      .filter((cell) => cell.act === act && cell.method === 'GET')
      .map(({ contender, trials }) => ({
        label: contender.title,
        valuesMs: trials.map(({ gapMs }) => gapMs),
        openFromMs: watchMs,
      }));
    writePlot(`failover-${act}`, `${TITLES[act]}, GET: longest gap of each trial`, strips);
  }
}

function printConfigs(contenders: readonly Contender[]): string {
  return contenders
    .filter(({ config }) => config !== null)
    .map(({ title, config }) => `**${title}**\n\n\`\`\`text\n${config}\`\`\``)
    .join('\n\n');
}

function cellsOf(contenders: readonly Contender[], faults: readonly string[]): readonly Cell[] {
  return contenders.flatMap((contender) =>
    contender.methods.flatMap((method) =>
      contender.acts
        .filter((act) => act === 'none' || faults.includes(act))
        .map((act) => ({ contender, act, method, trials: [] })),
    ),
  );
}

const { values } = parseArgs({
  options: {
    trials: { type: 'string', default: '3' },
    only: { type: 'string', default: CONTENDERS.map(({ name }) => name).join(',') },
    faults: { type: 'string', default: 'kill,hang' },
    watch: { type: 'string', default: '20' },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    'print-configs': { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  const only = values.only.split(',');
  const unknown = only.filter((name) => !CONTENDERS.some((contender) => contender.name === name));
  if (unknown.length > 0) throw new Error(`no such contender: ${unknown.join(', ')}`);
  const contenders = CONTENDERS.filter(({ name }) => only.includes(name));
  if (values['print-configs']) {
    console.log(printConfigs(contenders));
    return;
  }
  const others = watchOthers();
  const watchMs = Number(values.watch) * 1000;
  const rounds = Number(values.trials);
  const cells = cellsOf(contenders, values.faults.split(','));
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of rotate(contenders, round)) {
      if (!takesPart(contender, round, rounds)) continue;
      const own = cells.filter((cell) => cell.contender === contender);
      await runRound(rotate(own, round), watchMs);
    }
  }
  const otherCores = others();
  const machine = describeMachine(otherCores);
  const acts = (['kill', 'hang', 'none'] as const).filter((act) =>
    cells.some((cell) => cell.act === act),
  );
  const tables = acts.map((act) => tableOf(cells, act, watchMs)).join('\n\n');
  if (values.json) {
    const results = cells.map(({ contender, ...rest }) => ({ contender: contender.name, ...rest }));
    console.log(JSON.stringify({ machine, watchMs, results }, null, 2));
  } else console.log(`${tables}\n\n${machine}`);
  const warning = noiseWarning(otherCores);
  if (warning !== null) console.error(warning);
  for (const { contender, act, method, trials } of cells) {
    const reasons = [...new Set(trials.flatMap((trial) => trial.reasons))];
    if (reasons.length > 0)
      console.error(`${contender.name} ${act} ${method}: failed: ${reasons.join('; ')}`);
    const dirty = trials.filter(({ failedBefore }) => failedBefore > 0).length;
    if (dirty > 0)
      console.error(`${contender.name} ${act} ${method}: ${dirty} trials failed before the fault`);
  }
  if (values.write) {
    writeSection(
      'failover',
      [tables, `${machine}.`, ...(warning === null ? [] : [warning])].join('\n\n'),
    );
    writeSection('configs', printConfigs(CONTENDERS));
    plot(cells, watchMs);
  }
}

await main();
