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
