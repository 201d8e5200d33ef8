import { parse } from 'yaml';
import { z } from 'zod';
import { explainIssues } from '../config/explain.ts';
import { faultModelRules, planRules } from '../config/fault-model-rules.ts';
import { type ParsedFaults, faultsSection } from '../config/faults-schema.ts';
import { type ConfigPath, formatPlaceless, type PlacelessFault } from '../config/faults.ts';
import { type ParsedPlan, planSection } from '../config/plan-schema.ts';
import { objectivesSection } from '../config/schema.ts';
import { duration } from '../config/values.ts';
import { AppError } from '../errors.ts';

// What was said about a service, by the file and by the command line, in the sections that both have. The command
// line is checked by the same schema and the same rules as a file, so that all of its faults are reported at once.

const statedSections = z.strictObject({
  objectives: objectivesSection.prefault({}),
  plan: planSection.prefault({}),
  faults: faultsSection.prefault({}),
  takeover: z
    .strictObject({
      maxP95: duration({ min: 1, max: 60_000 }, 'Latency of a bad member.').optional(),
    })
    .prefault({}),
});

export type Stated = {
  readonly objectives: z.output<typeof objectivesSection>;
  readonly plan: ParsedPlan;
  readonly faults: ParsedFaults;
  readonly takeover: { readonly maxP95?: number | undefined };
};

/** A key with a value as it would be written in the file, and where it was given. */
export type Said = {
  readonly path: readonly string[];
  readonly value: string;
  readonly by: string;
};

const SECTIONS = ['objectives', 'plan', 'faults', 'takeover'];

/** Throws AppError usage with every fault of what was said, named by the flags that said it. */
export function readSaid(said: readonly Said[]): Stated {
  const outcome = statedSections.safeParse(treeOf(said), { reportInput: true });
  if (outcome.success) return outcome.data;
  // Explained as part of a service, whose keys the suggestions know.
  const prefix: ConfigPath = ['services', 'plan'];
  const issues = outcome.error.issues.map((issue) => ({
    ...issue,
    path: [...prefix, ...issue.path],
  }));
  throw refused(
    explainIssues(issues).map((fault) => ({ ...fault, path: fault.path.slice(prefix.length) })),
    said,
  );
}

/** `--set path=value`. Throws AppError usage where it is not of that form. */
export function parseSet(text: string): Said {
  const equals = text.indexOf('=');
  const path = text.slice(0, Math.max(0, equals)).split('.');
  if (equals === -1 || path.includes('') || !SECTIONS.includes(path[0] ?? '')) {
    throw new AppError('usage', {
      message: { en: `invalid --set ${text}`, zh: `--set ${text} 无效` },
      reason: {
        en: 'expected a key of objectives, plan, faults or takeover, and its value',
        zh: '应为 objectives、plan、faults 或 takeover 中的键及其值',
      },
      hint: {
        en: 'for example: --set faults.host.every=90d or --set plan.prices.core=12',
        zh: '例如：--set faults.host.every=90d 或 --set plan.prices.core=12',
      },
    });
  }
  return { path, value: text.slice(equals + 1), by: `--set ${path.join('.')}` };
}

/** What the second says goes before what the first says. Throws AppError usage where they do not fit together. */
export function merge(file: Stated | null, line: Stated, said: readonly Said[]): Stated {
  const merged = file === null ? line : overlaid(file, line);
  const faults = [...faultModelRules(merged, []), ...planRules(merged, [])];
  if (faults.length > 0) throw refused(faults, said);
  return merged;
}

function overlaid(file: Stated, line: Stated): Stated {
  const { plan, faults } = file;
  return {
    objectives: { ...file.objectives, ...line.objectives },
    takeover: { ...file.takeover, ...line.takeover },
    plan: {
      ...plan,
      ...line.plan,
      prices: { ...plan.prices, ...line.plan.prices },
      power: { ...plan.power, ...line.plan.power },
    },
    faults: {
      ...faults,
      ...line.faults,
      process: { ...faults.process, ...line.faults.process },
      hang: { ...faults.hang, ...line.faults.hang },
      degraded: { ...faults.degraded, ...line.faults.degraded },
      host: { ...faults.host, ...line.faults.host },
      zone: { ...faults.zone, ...line.faults.zone },
      pause: { ...faults.pause, ...line.faults.pause },
      standbyFactor: { ...faults.standbyFactor, ...line.faults.standbyFactor },
      standbyLatent: { ...faults.standbyLatent, ...line.faults.standbyLatent },
    },
  };
}

function treeOf(said: readonly Said[]): unknown {
  const tree: Record<string, unknown> = {};
  for (const { path, value } of said) {
    let holder = tree;
    for (const key of path.slice(0, -1)) {
      const below = Object.hasOwn(holder, key) ? holder[key] : undefined;
      const next: Record<string, unknown> = isTree(below) ? below : Object.create(null);
      holder[key] = next;
      holder = next;
    }
    holder[path.at(-1) ?? ''] = valueOf(value);
  }
  return tree;
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** As in the file; what is no YAML is shown as it is, and refused by the schema. */
function valueOf(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return text;
  }
}

function refused(faults: readonly PlacelessFault[], said: readonly Said[]): AppError {
  const lines = faults.map((fault) => {
    const name = said.find((one) => isAround(one.path, fault.path))?.by ?? fault.path.join('.');
    return formatPlaceless(`  ${name}`, fault);
  });
  return new AppError('usage', {
    message: {
      en: `${faults.length === 1 ? 'invalid value' : `${faults.length} invalid values`}:\n${lines.map(({ en }) => en).join('\n')}`,
      zh: `${faults.length} 处取值无效：\n${lines.map(({ zh }) => zh).join('\n')}`,
    },
    reason: {
      en: 'a plan from wrong figures would be wrong',
      zh: '数据有误，规划的结果也会有误',
    },
    hint: {
      en: 'correct them; docs/reference/config.md lists objectives, plan and faults',
      zh: '请修正；docs/zh-CN/reference/config.md 列出了 objectives、plan 和 faults',
    },
  });
}

function isAround(path: readonly string[], fault: ConfigPath): boolean {
  return path.every((key, index) => key === fault[index]);
}
