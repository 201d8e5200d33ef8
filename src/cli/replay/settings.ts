import { parse } from 'yaml';
import { formatPlaceless } from '../../config/faults.ts';
import { loadConfig, readConfigWith, type Setting } from '../../config/load.ts';
import type { CoreConfig, ServiceConfig } from '../../core/config.ts';
import type { Locale, Text } from '../../core/describe/language.ts';
import { AppError, untranslated } from '../../errors.ts';

// `--set path=value`: overrides a key of hotwarm.yaml. The file with the override is checked like any file; its changes of
// the core's configuration are then applied to the recorded configuration.

const TOP_KEYS = ['services', 'agent'];
const ANSWERABLE =
  'probe.timeout, probe.maxSilence, probe.falseSuspicionEvery, takeover, failback, restart, degraded, timeouts';

const OTHER_MEMBERS: Text = {
  en: 'other members would have behaved differently',
  zh: '换了成员，其行为也会不同',
};

/** Settings that a replay cannot evaluate, and why. All others can be set. */
const UNANSWERABLE: Readonly<Partial<Record<string, Text>>> = {
  'detection.intervalMs': {
    en: 'probe results are recorded at the original interval only; results at other times are unknown',
    zh: '探测结果只按原来的间隔记录，其他时刻的结果未知',
  },
  members: {
    en: 'host and temperature of the members determine their behavior, and only their original behavior is recorded',
    zh: '成员的主机和温度决定其行为，而记录中只有原来的行为',
  },
  kind: OTHER_MEMBERS,
  abilities: OTHER_MEMBERS,
  exclusive: {
    en: 'it also changes how members were isolated before the incident',
    zh: '它也改变切换之前成员之间的隔离方式',
  },
  release: {
    en: 'it follows from traffic.via, which determines how clients and members behaved',
    zh: '它由 traffic.via 决定，而 traffic.via 决定了客户端和成员的行为',
  },
  mode: {
    en: 'it also changes the actions before the incident',
    zh: '它也改变切换之前的动作',
  },
  lease: {
    en: 'the store granted the leases with the original settings',
    zh: '租约存储按原来的设置授予租约',
  },
};

/** The recorded configuration with the settings. Throws AppError usage or configInvalid, with all faults at once. */
export function applySettings(options: {
  readonly texts: readonly string[];
  readonly file: string;
  readonly service: string;
  readonly recorded: CoreConfig;
}): CoreConfig {
  const { texts, file, service, recorded } = options;
  const settings = texts.map((text) => parseSetting(text, service));
  const before = loadConfig(file).core;
  refuseUnknown(before, service, file);
  const outcome = readConfigWith(file, settings);
  if (!outcome.ok) {
    // Without lines: the settings are not in the file.
    const listed = outcome.faults.map((fault) => formatPlaceless(fault.path, fault));
    throw new AppError('configInvalid', {
      message: {
        en: `${file} is invalid with these settings:\n${listed.map(({ en }) => en).join('\n')}`,
        zh: `采用这些设置后，${file} 无效：\n${listed.map(({ zh }) => zh).join('\n')}`,
      },
      reason: {
        en: 'hotwarm would not start with them',
        zh: '采用这些设置，hotwarm 不会启动',
      },
      hint: {
        en: 'correct the values of --set; keys are relative to the service unless they begin with services or agent',
        zh: '修改 --set 的值；除非以 services 或 agent 开头，键都相对于该服务',
      },
    });
  }
  const after = outcome.config.core;
  const changes = after.services.flatMap((one) => {
    const old = before.services.find(({ name }) => name === one.name);
    return leavesOf(one)
      .filter(([path, value]) => !isSame(value, valueAt(old, path)))
      .map(([path, value]): Change => ({ service: one.name, path, value }));
  });
  refuseUnanswerable(changes);
  if (changes.length === 0) refuseWithoutEffect(texts);
  return changes.reduce(withChange, recorded);
}

/** A change of the core's configuration of one service. */
type Change = { readonly service: string; readonly path: Path; readonly value: unknown };

/** An imported incident can be of a service that this configuration does not have. */
function refuseUnknown({ services }: CoreConfig, service: string, file: string): void {
  if (services.some(({ name }) => name === service)) return;
  throw new AppError('usage', {
    message: {
      en: `no service ${service} in ${file}, so its settings cannot be checked`,
      zh: `${file} 中没有服务 ${service}，无法检查其设置`,
    },
    reason: {
      en: 'hotwarm checks a setting together with the rest of its service',
      zh: 'hotwarm 会把设置与该服务的其他配置一起检查',
    },
    hint: {
      en: `use a configuration that contains ${service}: -c FILE`,
      zh: `改用含有 ${service} 的配置：-c FILE`,
    },
  });
}

function parseSetting(text: string, service: string): Setting {
  const equals = text.indexOf('=');
  const keys = text.slice(0, Math.max(0, equals)).split('.');
  if (equals === -1 || keys.includes('')) {
    throw new AppError('usage', {
      message: { en: `invalid --set ${text}`, zh: `--set ${text} 无效` },
      reason: { en: 'expected path=value', zh: '应为 path=value 的形式' },
      hint: {
        en: 'for example: --set probe.timeout=300ms or --set services.shop.probe.timeout=300ms',
        zh: '例如：--set probe.timeout=300ms 或 --set services.shop.probe.timeout=300ms',
      },
    });
  }
  const value = text.slice(equals + 1);
  checkValue(text, value);
  const [top = ''] = keys;
  return { path: TOP_KEYS.includes(top) ? keys : ['services', service, ...keys], value };
}

/** The value must be valid YAML. */
function checkValue(text: string, value: string): void {
  try {
    parse(value);
  } catch (error) {
    throw new AppError(
      'usage',
      {
        message: { en: `invalid value in --set ${text}`, zh: `--set ${text} 的值无效` },
        reason: untranslated(
          error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error),
        ),
        hint: { en: 'write the value as in hotwarm.yaml', zh: '按 hotwarm.yaml 中的写法填写' },
      },
      { cause: error },
    );
  }
}

type Path = readonly string[];
type Leaf = readonly [Path, unknown];

/** All values that are not groups; a list is one value. */
function leavesOf(value: unknown, path: Path = []): readonly Leaf[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[path, value]];
  return Object.entries(value).flatMap(([key, one]) => leavesOf(one, [...path, key]));
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function valueAt(tree: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (holder, key) =>
      typeof holder === 'object' && holder !== null ? Reflect.get(holder, key) : undefined,
    tree,
  );
}

function refuseUnanswerable(changes: readonly Change[]): void {
  const refused = changes.flatMap(({ service, path }) => {
    const reason = UNANSWERABLE[path.join('.')] ?? UNANSWERABLE[path[0] ?? ''];
    return reason === undefined ? [] : [{ at: `  ${service}, ${path.join('.')}`, reason }];
  });
  if (refused.length === 0) return;
  const linesIn = (locale: Locale): string =>
    refused
      .map(({ at, reason }) => `${at}${locale === 'zh' ? '：' : ': '}${reason[locale]}`)
      .join('\n');
  throw new AppError('usage', {
    message: {
      en: `a replay cannot evaluate these settings:\n${linesIn('en')}`,
      zh: `重放无法评估这些设置：\n${linesIn('zh')}`,
    },
    reason: {
      en: 'a replay repeats the decisions on the recorded observations; it has no others',
      zh: '重放只根据已记录的观测重新决策，没有其他观测',
    },
    hint: {
      en: `use settings of detection and takeover: ${ANSWERABLE}`,
      zh: `改用检测与接管的设置：${ANSWERABLE}`,
    },
  });
}

function refuseWithoutEffect(texts: readonly string[]): never {
  throw new AppError('usage', {
    message: {
      en: `${texts.map((text) => `--set ${text}`).join(' ')} changes no decision`,
      zh: `${texts.map((text) => `--set ${text}`).join(' ')} 不改变任何决策`,
    },
    reason: {
      en: 'the value is already in the configuration, or applies to the proxy, which a replay does not run',
      zh: '该值与配置相同，或只影响代理，而重放不运行代理',
    },
    hint: {
      en: `use another value; settings that affect decisions: ${ANSWERABLE}`,
      zh: `改用其他值；影响决策的设置：${ANSWERABLE}`,
    },
  });
}

/** The keys of a service's settings are at most two deep. */
function withChange(config: CoreConfig, { service, path, value }: Change): CoreConfig {
  const [group = '', key] = path;
  const services = config.services.map((one): ServiceConfig => {
    if (one.name !== service) return one;
    if (key === undefined) return { ...one, [group]: value };
    const before: unknown = Reflect.get(one, group);
    const old = typeof before === 'object' && before !== null ? before : {};
    return { ...one, [group]: { ...old, [key]: value } };
  });
  return { ...config, services };
}
