import { type Command, Option } from 'commander';
import type { Cli } from './io.ts';

// The flags of `hotwarm plan`. The figures that most users know have a flag of their own; `--set` takes all others, by
// their key in the configuration.

/** Flag → key of the configuration, and its description. */
export const KEYS = [
  [
    'availability',
    '<share>',
    ['objectives', 'availability'],
    { en: 'required availability, e.g. 99.95%', zh: '要求的可用性，如 99.95%' },
  ],
  [
    'rto',
    '<duration>',
    ['objectives', 'rto'],
    { en: 'maximum outage (RTO), e.g. 1s', zh: '最长中断（RTO），如 1s' },
  ],
  [
    'rpo',
    '<size>',
    ['objectives', 'rpo'],
    { en: 'maximum data loss (RPO), e.g. 0', zh: '最多丢失的数据（RPO），如 0' },
  ],
  [
    'budget',
    '<amount>',
    ['objectives', 'budget'],
    { en: 'maximum cost per month', zh: '每月费用上限' },
  ],
  [
    'power',
    '<watts>',
    ['objectives', 'power'],
    { en: 'maximum power in watts', zh: '功率上限（瓦）' },
  ],
  [
    'p95',
    '<duration>',
    ['takeover', 'maxP95'],
    { en: 'switch to a standby above this p95 latency', zh: 'p95 延迟超过此值即切换' },
  ],
  [
    'startup',
    '<duration>',
    ['plan', 'startupTime'],
    { en: 'time from start to first response', zh: '从启动到首次响应的时间' },
  ],
  [
    'warm-up',
    '<duration>',
    ['plan', 'warmUp'],
    { en: 'warm-up time at reduced capacity', zh: '爬坡期的时长' },
  ],
  ['memory', '<size>', ['plan', 'memory'], { en: 'memory of one member', zh: '一个成员的内存' }],
  [
    'cores',
    '<number>',
    ['plan', 'cores'],
    { en: 'CPU cores of one member', zh: '一个成员的 CPU 核数' },
  ],
  [
    'state',
    '<kind>',
    ['plan', 'state'],
    {
      en: 'none, shared (one disk) or replicated (one copy per member)',
      zh: 'none、shared（同一磁盘）或 replicated（各有副本）',
    },
  ],
  ['hosts', '<count>', ['plan', 'hosts'], { en: 'maximum number of hosts', zh: '主机数上限' }],
  ['zones', '<count>', ['plan', 'zones'], { en: 'maximum number of zones', zh: '可用区数上限' }],
  [
    'standbys',
    '<count>',
    ['plan', 'standbys'],
    { en: 'maximum number of standbys', zh: '备用成员数上限' },
  ],
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

export function addPlanFlags(
  command: Command,
  parsePort: (text: string) => number,
  t: Cli['t'],
): Command {
  command
    .option(
      '--start <command>',
      t(
        "command that starts the service; $PORT expands to the member's port",
        '启动服务的命令，其中 $PORT 为成员的端口',
      ),
    )
    .option('--port <port>', t('port for clients', '客户端使用的端口'), parsePort, 8080)
    .option(
      '--name <name>',
      t('service name (default: name of the directory)', '服务名（默认为目录名）'),
    )
    .option('--probe <path>', t('HTTP path to probe, or tcp', '探测的 HTTP 路径，或 tcp'), '/')
    .addOption(
      new Option(
        '--stateless',
        t('two active members are harmless (same as --state none)', '允许双主（同 --state none）'),
      )
        .default(false)
        .conflicts('state'),
    );
  for (const [flag, value, , about] of KEYS)
    command.option(`--${flag} ${value}`, t(about.en, about.zh));
  return command
    .option(
      '--set <key=value>',
      t(
        'override any figure, e.g. faults.host.every=90d or plan.prices.core=12 (repeatable)',
        '改用其他数据，如 faults.host.every=90d 或 plan.prices.core=12（可多次使用）',
      ),
      (setting: string, before: readonly string[] | undefined) => [...(before ?? []), setting],
    )
    .option(
      '--from-history',
      t("use rates and times from this installation's journal", '失效率和时间取自本安装的事件日志'),
      false,
    )
    .option(
      '--write [file]',
      t('write the configuration of the recommended design', '写出推荐方案的配置'),
    )
    .option('--svg <file>', t('draw a chart of cost against downtime', '绘制费用与停机时间的图'))
    .option('--force', t('overwrite existing files', '覆盖已有文件'), false)
    .option(
      '--explain',
      t('show the Markov chains and sensitivities', '显示马尔可夫链和敏感度'),
      false,
    )
    .addOption(
      new Option('--csv', t('print all designs as CSV', '以 CSV 输出所有方案'))
        .default(false)
        .conflicts('json'),
    )
    .option('--json', t('print JSON', '输出 JSON'), false);
}
