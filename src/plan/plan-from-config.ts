import { hostname } from 'node:os';
import { loadConfig, loadStated } from '../config/load.ts';
import { probesOf } from '../config/probe-kinds.ts';
import { seesHangs } from '../drivers/probe/spec.ts';
import type { ParsedService } from '../config/schema.ts';
import { trafficAbilities } from '../config/traffic/kinds.ts';
import { AppError } from '../errors.ts';
import type { Design } from '../model/plan/design-space.ts';
import type { PlannedService } from '../model/plan/question.ts';
import { configuredDesign } from './configured.ts';
import { type Described, describe } from './description.ts';
import { type History, readHistory } from './history.ts';
import { type Said, type Stated, merge } from './plan-input.ts';
import { standingOf, TEMPERATURE_NAMES } from '../core/temperature.ts';

// A service of a configuration, as the formulas see it.

export type KnownService = {
  readonly name: string;
  readonly described: Described;
  /** null: not asked for. */
  readonly history: History | null;
  /** Text of the file. */
  readonly source: string;
  /** What is configured now. */
  readonly present: Design;
};

type Besides = {
  /** What was said besides the file: it counts before it. */
  readonly line: Stated;
  readonly said: readonly Said[];
  /** Takes rates, coverage and times from the journal. */
  readonly fromHistory: boolean;
};

/** named null: the only one there is. Throws AppError. */
export function describeKnown(
  file: string,
  named: string | null,
  { line, said, fromHistory }: Besides,
): KnownService {
  const { stated: configured, source } = loadStated(file);
  const [name, service] = pick(configured.services, named, file);
  const history = fromHistory ? readHistory(loadConfig(file).agent.stateDir, name) : null;
  const { objectives, plan, faults, takeover } = service;
  const stated = merge(
    { objectives, plan, faults, takeover: { maxP95: takeover.maxP95 } },
    line,
    said,
  );
  const described = describe(stated, {
    seesHangs: probesOf(service.probe).every(seesHangs),
    replays: trafficAbilities(service.traffic).replays,
    temperatures: temperaturesFor(service),
    exclusive: service.exclusive,
    history,
  });
  const present = configuredDesign(service, configured.agent.host ?? hostname());
  return { name, described, history, source, present };
}

/** Every running member accepts clients from a shared socket, and a frozen one receives no data: the rules of the file. */
export function temperaturesFor(service: ParsedService | null): PlannedService['temperatures'] {
  const isUnseen = service !== null && !trafficAbilities(service.traffic).shieldsStandbys;
  const hasLag = service?.takeover.maxLag !== undefined;
  return TEMPERATURE_NAMES.filter((temperature) => {
    const standing = standingOf(temperature);
    return !(isUnseen && standing === 'running') && !(hasLag && standing === 'frozen');
  });
}

function pick(
  services: Readonly<Record<string, ParsedService>>,
  named: string | null,
  file: string,
): readonly [string, ParsedService] {
  const all = Object.entries(services);
  const [only] = all.filter(([name]) => named === null || name === named);
  if (only !== undefined && (named !== null || all.length === 1)) return only;
  throw new AppError('usage', {
    message:
      named === null
        ? { en: 'specify a service', zh: '未指定服务' }
        : { en: `no service ${named} in ${file}`, zh: `${file} 中没有服务 ${named}` },
    reason: {
      en: `configured services: ${all.map(([name]) => name).join(', ')}`,
      zh: `已配置的服务：${all.map(([name]) => name).join('、')}`,
    },
    hint: { en: 'run: hotwarm COMMAND SERVICE', zh: '运行：hotwarm 命令 服务名' },
  });
}
