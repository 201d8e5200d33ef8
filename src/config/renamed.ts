import type { ConfigPath, PlacelessFault } from './faults.ts';

// Keys and values that have a new name. The error for an old name gives the new one, at the position of the old one.

/** Keys of a service, or of the file where the path begins with `agent`. */
export const RENAMED_KEYS: Readonly<Record<string, string>> = {
  'agent.state': 'agent.stateDir',
  'probe.bound': 'probe.maxSilence',
  'probe.mistakes': 'probe.falseSuspicionEvery',
  'ready.timeout': 'timeouts.ready',
  'prime.time': 'prime.timeout',
  'takeover.p95': 'takeover.maxP95',
  'takeover.lag': 'takeover.maxLag',
  'takeover.errors': 'takeover.maxErrorRate',
  'takeover.rehearsed': 'takeover.maxRehearsalAge',
  'takeover.observe': 'takeover.probation',
  'failback.limit': 'failback.maxFailovers',
  'lease.duration': 'lease.ttl',
  'lease.renew': 'lease.renewInterval',
  'lease.margin': 'lease.safetyMargin',
  repair: 'restart',
  'repair.base': 'restart.backoff',
  'repair.max': 'restart.maxBackoff',
  'repair.forgive': 'restart.resetAfter',
  gray: 'degraded',
  'traffic.answer': 'traffic.responseTimeout',
  'traffic.replay': 'traffic.retry',
  'traffic.hold.time': 'traffic.hold.timeout',
  'traffic.clients.connections': 'traffic.clients.maxConnections',
  'traffic.clients.idle': 'traffic.clients.idleTimeout',
  'traffic.clients.head': 'traffic.clients.headerTimeout',
  'traffic.clients.stall': 'traffic.clients.stallTimeout',
  'faults.gray': 'faults.degraded',
  'faults.coverage': 'faults.failoverSuccess',
  'faults.restart': 'faults.restartSuccess',
  'faults.recovery': 'faults.manualRepair',
  'faults.standbyHidden': 'faults.standbyLatent',
  'plan.start': 'plan.startupTime',
  'objectives.watt': 'objectives.power',
};

/** Key of a service → old value → new value. */
export const RENAMED_VALUES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  mode: { act: 'manage' },
  'traffic.accept': { go: 'onActivate' },
};

/** Errors for a renamed key and the renamed keys below it; none: the key was not renamed. */
export function renamedKeys(path: ConfigPath, value: unknown): PlacelessFault[] {
  const old = withinService(path);
  const now = renamed(RENAMED_KEYS, old);
  if (now === null) return [];
  const below = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  return [fault(path, old, now), ...below.flatMap((key) => renamedKeys([...path, key], null))];
}

/** null: the value was not renamed. */
export function renamedValue(path: ConfigPath, value: unknown): PlacelessFault | null {
  const key = withinService(path);
  const now = renamed(renamed(RENAMED_VALUES, key) ?? {}, String(value));
  return now === null ? null : fault(path, `${key}: ${String(value)}`, `${key}: ${now}`);
}

/** The key without the name of the service, as in the texts. */
function withinService(path: ConfigPath): string {
  return path.slice(path[0] === 'services' ? 2 : 0).join('.');
}

/** Names come from the file: `constructor` is not in the table. */
function renamed<Value>(table: Readonly<Record<string, Value>>, name: string): Value | null {
  return Object.hasOwn(table, name) ? (table[name] ?? null) : null;
}

function fault(path: ConfigPath, old: string, now: string): PlacelessFault {
  return {
    code: 'renamed',
    path,
    text: {
      message: { en: `\`${old}\` is now \`${now}\``, zh: `\`${old}\` 已改名为 \`${now}\`` },
      reason: null,
      hint: { en: `use \`${now}\` instead`, zh: `改用 \`${now}\`` },
    },
  };
}
