import { loadConfig } from '../../config/load.ts';
import type { ResolvedConfig, ResolvedService } from '../../config/resolved.ts';
import { speaker } from '../../core/describe/language.ts';
import { AppError } from '../../errors.ts';
import { crossCheck } from '../../model/plan/cross-check.ts';
import { evaluator } from '../../model/plan/evaluation.ts';
import { estimateAvailability, shareWithin } from '../../sim/availability-run-estimate.ts';
import { type AvailabilityRunEvent, AvailabilityRun } from '../../sim/availability-run.ts';
import { type Terminal, writeJson } from '../../terminal.ts';
import { formatHistory } from '../../plan/history-text.ts';
import { describeKnown } from '../../plan/plan-from-config.ts';
import { readSaid } from '../../plan/plan-input.ts';
import type { SimulatedLife, SimulatedService } from '../simulate/document.ts';
import { planLife, runLives } from '../simulate/run-pool.ts';
import { formatSimulation } from '../simulate/text.ts';
import { formatNews } from '../simulate/timeline-text.ts';
import { verdictsOf } from '../simulate/verdict.ts';

type SimulateOptions = {
  readonly config: string;
  /** null: all services. */
  readonly service: string | null;
  readonly years: number;
  /** Only this run, with its timeline; null: all runs. */
  readonly seed: number | null;
  /** Failure rates and failover success from the journal of this installation. */
  readonly fromHistory: boolean;
  readonly json: boolean;
  readonly terminal: Terminal;
};

/** Number of runs: enough for a confidence interval; more would make each run shorter. */
const LIVES = 40;

/** Simulates years for each service. Returns the exit code. Throws AppError. */
export async function runSimulate(options: SimulateOptions): Promise<number> {
  const config = loadConfig(options.config);
  const services = pick(config, options.service);
  for (const service of services) requireActing(service);
  if (options.seed !== null) return replay(options, services, options.seed);
  const simulated: Record<string, SimulatedService> = {};
  for (const service of services) {
    const { document, text } = await simulate(options, service);
    simulated[service.name] = document;
    if (!options.json) options.terminal.out.write(text);
  }
  if (options.json) writeJson(options.terminal, { file: config.file, services: simulated });
  return 0;
}

type Simulated = { readonly document: SimulatedService; readonly text: string };

async function simulate(options: SimulateOptions, service: ResolvedService): Promise<Simulated> {
  const { terminal, years } = options;
  const { question, figures, history, present } = known(options, service);
  const plan = planLife(service, { rates: question.rates, years: years / LIVES });
  const seeds = Array.from({ length: LIVES }, (_, index) => index + 1);
  const progress = showProgress(options, service.name);
  const lives = await runLives(plan, seeds, { onLife: progress.step });
  progress.end();
  const estimate = estimateAvailability(lives);
  const { rtoMs } = service.objectives;
  const withinRto = rtoMs === null ? null : shareWithin(lives, rtoMs);
  const byFormulas = evaluator(question)(present);
  const { unavailability, unavailability99 } = estimate;
  const check = crossCheck(question, byFormulas, { unavailability, ...unavailability99 });
  const text = formatSimulation(terminal, {
    service,
    estimate,
    verdicts: verdictsOf(service, estimate, { withinRto, locale: terminal.locale }),
    formulas: { unavailability: byFormulas.unavailability, check },
    figures,
  });
  return {
    document: {
      estimate,
      availability: 1 - unavailability,
      faults: { rates: question.rates, figures },
      rpo: null,
      objectives: { rtoMs, withinRto },
      formulas: { unavailability: byFormulas.unavailability, check },
    },
    text: history === null ? text : `${text}\n${formatHistory(terminal, history)}`,
  };
}

/** The service and its figures, as in `hotwarm plan`. */
function known({ config, fromHistory }: SimulateOptions, { name }: ResolvedService) {
  const { described, history, present } = describeKnown(config, name, {
    line: readSaid([]),
    said: [],
    fromHistory,
  });
  const figures = described.figures.filter(({ key }) => key.startsWith('faults.'));
  return { question: described.question, figures, history, present };
}

function replay(
  options: SimulateOptions,
  services: readonly ResolvedService[],
  seed: number,
): number {
  const { terminal, json, years } = options;
  const [service, ...others] = services;
  if (service === undefined || others.length > 0) {
    throw new AppError('usage', {
      message: { en: 'specify a service', zh: '未指定服务' },
      reason: {
        en: `--seed shows one run, and the configuration has ${services.length} services`,
        zh: `--seed 只显示一次运行，而配置中有 ${services.length} 个服务`,
      },
      hint: {
        en: 'run: hotwarm simulate SERVICE --seed NUMBER',
        zh: '运行：hotwarm simulate 服务名 --seed 编号',
      },
    });
  }
  const timeline: { atMs: number; news: AvailabilityRunEvent }[] = [];
  const plan = planLife(service, {
    rates: known(options, service).question.rates,
    years: years / LIVES,
  });
  const result = new AvailabilityRun({
    ...plan,
    seed,
    onNews: (atMs, news) => {
      if (json) timeline.push({ atMs, news });
      else terminal.out.write(formatNews(terminal, atMs, news));
    },
  }).run();
  if (json) writeJson(terminal, { seed, result, timeline } satisfies SimulatedLife);
  return 0;
}

function pick(config: ResolvedConfig, named: string | null): readonly ResolvedService[] {
  if (named === null) return config.services;
  const found = config.services.filter(({ name }) => name === named);
  if (found.length > 0) return found;
  throw new AppError('notFound', {
    message: {
      en: `no service ${named} in ${config.file}`,
      zh: `${config.file} 中没有服务 ${named}`,
    },
    reason: {
      en: `configured services: ${config.services.map(({ name }) => name).join(', ')}`,
      zh: `已配置的服务：${config.services.map(({ name }) => name).join('、')}`,
    },
    hint: {
      en: 'use one of these names, or omit it to simulate all services',
      zh: '改用其中之一，或省略以仿真所有服务',
    },
  });
}

function requireActing({ name, core }: ResolvedService): void {
  if (core.mode === 'manage') return;
  throw new AppError('refused', {
    message: { en: `cannot simulate service ${name}`, zh: `无法仿真服务 ${name}` },
    reason: {
      en: 'with mode: observe, hotwarm takes no action',
      zh: '在 mode: observe 下，hotwarm 不执行任何动作',
    },
    hint: {
      en: 'simulate a copy of the file with mode: manage',
      zh: '复制一份配置，改为 mode: manage 再仿真',
    },
  });
}

function showProgress(
  { terminal, json, years }: SimulateOptions,
  name: string,
): { step: () => void; end: () => void } {
  if (!terminal.isInteractive || json) return { step: () => {}, end: () => {} };
  let lived = 0;
  const write = (): void => {
    const passed = Math.round((lived / LIVES) * years);
    const text = speaker(terminal.locale)(
      `${name}: ${passed} of ${years} years`,
      `${name}：${passed} / ${years} 年`,
    );
    terminal.out.write(`\r${text}`);
  };
  write();
  return {
    step: () => {
      lived += 1;
      write();
    },
    // Clears the line.
    end: () => void terminal.out.write('\r\u001B[K'),
  };
}
