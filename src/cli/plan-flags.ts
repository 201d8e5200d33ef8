import { type Command, Option } from 'commander';

// What may be typed after `hotwarm plan`. Each figure that most users know has a flag; all others are keys of the
// configuration, for `--set`.

/** Flag → the key of the configuration that it stands for. */
export const KEYS = [
  [
    'availability',
    '<share>',
    ['objectives', 'availability'],
    'share of time that it shall be up, e.g. 99.95%',
  ],
  ['rto', '<duration>', ['objectives', 'rto'], 'longest outage that you accept, e.g. 1s'],
  [
    'rpo',
    '<size>',
    ['objectives', 'rpo'],
    'most acknowledged data that you accept to lose, e.g. 0',
  ],
  ['budget', '<amount>', ['objectives', 'budget'], 'most that it may cost a month'],
  ['power', '<watts>', ['objectives', 'power'], 'power limit in watts'],
  [
    'p95',
    '<duration>',
    ['takeover', 'maxP95'],
    'latency above which the active is left for a standby',
  ],
  [
    'startup',
    '<duration>',
    ['plan', 'startupTime'],
    'how long it takes from its start to its first answer',
  ],
  ['warm-up', '<duration>', ['plan', 'warmUp'], 'how long it then serves only partly'],
  ['memory', '<size>', ['plan', 'memory'], 'memory of one member'],
  ['cores', '<number>', ['plan', 'cores'], 'cores that one member needs'],
  [
    'state',
    '<kind>',
    ['plan', 'state'],
    'none, shared (one disk) or replicated (each its own copy)',
  ],
  ['hosts', '<count>', ['plan', 'hosts'], 'machines that may be used'],
  ['zones', '<count>', ['plan', 'zones'], 'places that they may be in'],
  ['standbys', '<count>', ['plan', 'standbys'], 'most standbys to consider'],
] as const;

export type PlanFlags = Readonly<Record<string, unknown>> & {
  readonly start?: string;
  readonly name?: string;
  readonly port: number;
  readonly probe: string;
  readonly stateless: boolean;
  readonly set?: readonly string[];
  readonly write?: string | true;
  readonly svg?: string;
  readonly force: boolean;
  readonly fromHistory: boolean;
  readonly explain: boolean;
  readonly json: boolean;
  readonly csv: boolean;
};

export function addPlanFlags(command: Command, parsePort: (text: string) => number): Command {
  command
    .option(
      '--start <command>',
      'how a service without a configuration is started; $PORT in it is its port',
    )
    .option('--port <port>', 'where the clients of such a service connect', parsePort, 8080)
    .option('--name <name>', 'its name (default: that of the directory)')
    .option('--probe <path>', 'what a member is asked to see that it is well, or tcp', '/')
    .addOption(
      new Option('--stateless', 'two actives at once do no harm: --state none')
        .default(false)
        .conflicts('state'),
    );
  for (const [flag, value, , about] of KEYS) command.option(`--${flag} ${value}`, about);
  return command
    .option(
      '--set <key=value>',
      'any other figure, e.g. faults.host.every=90d or plan.prices.core=12; may be repeated',
      (setting: string, before: readonly string[] | undefined) => [...(before ?? []), setting],
    )
    .option(
      '--from-history',
      'take rates, times and coverage from the journal of this installation',
      false,
    )
    .option('--write [file]', 'write the configuration of the recommended scheme')
    .option('--svg <file>', 'draw cost against downtime')
    .option('--force', 'overwrite what is there', false)
    .option('--explain', 'show the chains, and what the downtime depends on', false)
    .addOption(new Option('--csv', 'every scheme, one a line').default(false).conflicts('json'))
    .option('--json', 'machine-readable', false);
}
