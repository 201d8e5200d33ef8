import { parse } from 'yaml';
import type { ConfigFault } from '../../config/faults.ts';
import { loadConfig, readConfigWith, type Setting } from '../../config/load.ts';
import type { CoreConfig, ServiceConfig } from '../../core/config.ts';
import { AppError } from '../../errors.ts';

// `--set path=value`: a key of hotwarm.yaml with the value that it might have had. The file with it is checked as
// any file is; what it changes of that by which the core decides is then changed in the recorded configuration.

const TOP_KEYS = ['services', 'agent'];
const ANSWERABLE =
  'probe.timeout, probe.bound, probe.mistakes, takeover, failback, repair, gray, timeouts';

/** What of a service a replay cannot answer for, and why. All else can be set. */
const UNANSWERABLE: Readonly<Partial<Record<string, string>>> = {
  'detection.intervalMs':
    'the probes were sent at the recorded interval, and what others would have found is not known',
  members:
    'where and how warm the members are decides what they did, and only what they did was recorded',
  kind: 'other members would have done other things',
  abilities: 'other members would have done other things',
  exclusive: 'it changes how members were kept apart before the incident, not only in it',
  release: 'it follows from traffic.via, which decides what clients and members did',
  mode: 'it changes what was done before the incident, not only in it',
  lease: 'the store granted the leases as they were asked for then',
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
    throw new AppError('configInvalid', {
      what: `${file} with these settings has faults:\n${outcome.faults.map(formatFault).join('\n')}`,
      why: 'hotwarm would not have started with them',
      todo: 'correct what follows --set; the keys are those of the file, of its service unless they begin with services',
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

/** Of one service, what the core decides by. */
type Change = { readonly service: string; readonly path: Path; readonly value: unknown };

/** An incident from elsewhere may be of a service that this configuration does not have. */
function refuseUnknown({ services }: CoreConfig, service: string, file: string): void {
  if (services.some(({ name }) => name === service)) return;
  throw new AppError('usage', {
    what: `${file} has no service ${service}, so settings of it cannot be checked`,
    why: 'a setting is judged together with the rest of its service, by the rules of the file',
    todo: `name a configuration that has ${service} with -c FILE`,
  });
}

/** Without a line, as the settings stand in none. */
function formatFault({ path, what, why, todo, code }: ConfigFault): string {
  const reason = why === null ? '' : `\n  why: ${why}`;
  return `${path}: ${what} [${code}]${reason}\n  do:  ${todo}`;
}

function parseSetting(text: string, service: string): Setting {
  const equals = text.indexOf('=');
  const keys = text.slice(0, Math.max(0, equals)).split('.');
  if (equals === -1 || keys.includes('')) {
    throw new AppError('usage', {
      what: `--set ${text} is not understood`,
      why: 'it is not of the form path=value',
      todo: 'write for example --set probe.timeout=300ms, or --set services.shop.probe.timeout=300ms',
    });
  }
  const value = text.slice(equals + 1);
  checkValue(text, value);
  const [top = ''] = keys;
  return { path: TOP_KEYS.includes(top) ? keys : ['services', service, ...keys], value };
}

/** Anything that is a value in the file. */
function checkValue(text: string, value: string): void {
  try {
    parse(value);
  } catch (error) {
    throw new AppError(
      'usage',
      {
        what: `the value of --set ${text} is not understood`,
        why: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error),
        todo: 'write it as it would stand in hotwarm.yaml',
      },
      { cause: error },
    );
  }
}

type Path = readonly string[];
type Leaf = readonly [Path, unknown];

/** Everything that is no group of others; a list is one value. */
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
    const why = UNANSWERABLE[path.join('.')] ?? UNANSWERABLE[path[0] ?? ''];
    return why === undefined ? [] : [`  ${service}, ${path.join('.')}: ${why}`];
  });
  if (refused.length === 0) return;
  throw new AppError('usage', {
    what: `a replay cannot answer for these settings:\n${refused.join('\n')}`,
    why: 'it decides anew about what was seen, and cannot see what nobody looked at',
    todo: `set what judges and acts: ${ANSWERABLE}`,
  });
}

function refuseWithoutEffect(texts: readonly string[]): never {
  throw new AppError('usage', {
    what: `${texts.map((text) => `--set ${text}`).join(' ')} changes nothing that decides`,
    why: 'it is what the configuration says already, or a matter of the data plane, which a replay does not carry out',
    todo: `name another value; what decides: ${ANSWERABLE}`,
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
