/** Variables that speak to the agent's own process and would mislead a child, besides every HOTWARM_ one. */
const OWN_VARIABLES: readonly string[] = [
  'CACHE_DIRECTORY',
  'CONFIGURATION_DIRECTORY',
  'JOURNAL_STREAM',
  'LISTEN_FDS',
  'LISTEN_FDNAMES',
  'LISTEN_PID',
  'NODE_CHANNEL_FD',
  'NODE_CHANNEL_SERIALIZATION_MODE',
  'NODE_UNIQUE_ID',
  'NOTIFY_SOCKET',
  'STATE_DIRECTORY',
  'WATCHDOG_PID',
  'WATCHDOG_USEC',
];

/** What a child sees of the agent's environment: all but what is meant for the agent, its secrets above all. */
export function inheritedEnv(own: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  const kept = Object.entries(own).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined &&
      !entry[0].startsWith('HOTWARM_') &&
      !OWN_VARIABLES.includes(entry[0]),
  );
  return Object.fromEntries(kept);
}

/** Of the agent's environment, what a member that runs as another user gets: none of it is that user's secret or place. */
const SHARED_WITH_OTHERS = /^(PATH|LANG|LANGUAGE|LC_[A-Z]+|TZ)$/;

/** What a member sees of the agent's environment: as any child does, or, as another user, hardly anything. */
export function memberEnv(
  own: NodeJS.ProcessEnv,
  isOtherUser: boolean,
): Readonly<Record<string, string>> {
  const entries = Object.entries(inheritedEnv(own)).filter(
    ([name]) => !SHELL_LEFTOVERS.includes(name) && (!isOtherUser || SHARED_WITH_OTHERS.test(name)),
  );
  return Object.fromEntries(entries);
}

/** What a shell notes for itself; it says nothing about a member. */
const SHELL_LEFTOVERS: readonly string[] = ['OLDPWD', 'SHLVL', '_'];

/** What some /bin/sh sets or changes when it starts, or the launcher's script does. */
const SHELL_SETS: readonly string[] = [
  ...SHELL_LEFTOVERS,
  'IFS',
  'LINENO',
  'OPTARG',
  'OPTERR',
  'OPTIND',
  'PPID',
  'PS1',
  'PS2',
  'PS4',
  'PWD',
  'word',
];

export type LaunchEnv = {
  /** For the launcher, a shell: nothing in it would be changed or dropped by one. */
  readonly env: Readonly<Record<string, string>>;
  /** Of these, the ones that hold a NAME=VALUE which the shell would spoil, in the order of their values' names. */
  readonly carriers: readonly string[];
};

/** Splits an environment into what passes through a shell unharmed, and what must be carried past it. */
export function throughShell(wanted: Readonly<Record<string, string>>): LaunchEnv {
  const entries = Object.entries(wanted);
  const spoilt = entries.filter(([name]) => isSpoilt(name));
  const carried = spoilt.map(
    ([name, value], index) => [`${CARRIER}${index}`, `${name}=${value}`] as const,
  );
  const safe = entries.filter(([name]) => !isSpoilt(name));
  return {
    env: Object.fromEntries([...safe, ...carried]),
    carriers: carried.map(([carrier]) => carrier),
  };
}

const CARRIER = 'HOTWARM_CARRIED_';

function isSpoilt(name: string): boolean {
  return SHELL_SETS.includes(name) || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
}

/** Options of env(1) that take away what the shell added. */
export function unsetByEnv(carriers: readonly string[]): readonly string[] {
  return [...SHELL_SETS, ...carriers].flatMap((name) => ['-u', name]);
}
