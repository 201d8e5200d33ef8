import type { Text } from '../core/describe/language.ts';

// Every error that a configuration can have: stable codes for tests, editors, `--json` and the reference.

/** Errors of the file, its syntax and its single keys. */
export const FORM_FAULTS = {
  emptyFile: { en: 'The file is empty.', zh: '文件为空。' },
  fileTooLarge: {
    en: 'The file is larger than 1 MiB, or has too many keys and values.',
    zh: '文件大于 1 MiB，或其中的键和值过多。',
  },
  syntax: { en: 'Invalid YAML.', zh: '不是有效的 YAML。' },
  tab: { en: 'A tab is used for indentation.', zh: '用了制表符缩进。' },
  duplicateKey: { en: 'Duplicate key.', zh: '键重复。' },
  badAlias: {
    en: 'An alias has no anchor before it, or there are too many aliases.',
    zh: '别名之前没有对应的锚点，或别名过多。',
  },
  unknownKey: { en: 'Unknown key.', zh: '未知的键。' },
  renamed: { en: 'The key or value has a new name.', zh: '该键或取值已改名。' },
  wrongVia: {
    en: 'The key applies only to another value of `traffic.via`.',
    zh: '该键只适用于 `traffic.via` 的另一个取值。',
  },
  missingKey: { en: 'A required key is missing.', zh: '缺少必需的键。' },
  wrongType: {
    en: 'Wrong type, such as text instead of a number or a list.',
    zh: '类型错误，例如应为数字或列表，却是文本。',
  },
  badValue: { en: 'Value is not one of the allowed values.', zh: '不是允许的取值。' },
  badName: { en: 'Invalid service or member name.', zh: '服务或成员的名称无效。' },
  badDuration: { en: 'A duration needs a number and a unit.', zh: '时长应为数字加单位。' },
  badSize: { en: 'A size needs a number and a unit.', zh: '大小应为数字加单位。' },
  badShare: { en: 'A share must be a percentage.', zh: '比例应为百分数。' },
  badAddress: { en: 'An address must be host:port.', zh: '地址应为 host:port。' },
  badPattern: { en: 'Value does not match the required format.', zh: '不符合要求的格式。' },
  outOfRange: { en: 'Value is too small or too large.', zh: '值过小或过大。' },
  notYet: { en: 'Not supported in this version.', zh: '本版本不支持。' },
} as const satisfies Readonly<Record<string, Text>>;

/** Errors that concern several keys together. */
export const RULES = {
  noServices: { en: 'At least one service is required.', zh: '至少需要一个服务。' },
  singleMember: {
    en: 'A service needs at least two members; otherwise no standby can take over.',
    zh: '一个服务至少需要两个成员，否则没有备用成员可以接管。',
  },
  addressClash: {
    en: 'API, services and members must each have their own address.',
    zh: 'API、服务和成员须各有自己的地址。',
  },
  apiExposed: {
    en: 'The API must listen on loopback, because this version has no TLS for it.',
    zh: 'API 须监听回环地址，因为本版本的 API 不支持 TLS。',
  },
  remoteMember: {
    en: 'Members must run on the host of the agent, because hosts do not share the embedded store.',
    zh: '成员须与 agent 在同一主机上，因为内置的租约存储不跨主机共享。',
  },
  cpuWithoutWarm: {
    en: '`cpu` requires `temperature: warm`.',
    zh: '`cpu` 只用于 `temperature: warm`。',
  },
  envReserved: {
    en: '`env` must not set variables that the agent sets.',
    zh: '`env` 不得设置由 agent 设置的变量。',
  },
  standbyUnshielded: {
    en: 'If the data plane cannot keep clients away from standbys (`via: socket` with `accept: start`), standbys must be `frozen` or `cold`.',
    zh: '数据面无法阻止客户端访问备用成员时（`via: socket` 且 `accept: start`），备用成员须为 `frozen` 或 `cold`。',
  },
  listenerName: {
    en: '`service` and `member` are reserved names in `traffic.listeners`.',
    zh: '`service` 和 `member` 是 `traffic.listeners` 中的保留名称。',
  },
  tooManyListeners: {
    en: 'At most 15 `traffic.listeners` are allowed.',
    zh: '`traffic.listeners` 至多 15 个。',
  },
  unixUnused: {
    en: '`traffic.unix` requires a Unix socket address.',
    zh: '`traffic.unix` 只用于 Unix 套接字地址。',
  },
  exclusiveUnguarded: {
    en: '`exclusive` requires a data plane that keeps clients away from standbys and from an active member without a valid lease: `via: proxy`.',
    zh: '`exclusive` 要求数据面能阻止客户端访问备用成员和租约已到期的主用成员：`via: proxy`。',
  },
  frozenLag: {
    en: '`takeover.maxLag` cannot apply to a frozen member, because it receives no data.',
    zh: '`takeover.maxLag` 不适用于冻结的成员，因为它不接收数据。',
  },
  probeKind: {
    en: 'A probe has exactly one type.',
    zh: '一个探测只能有一种方式。',
  },
  expectNeedsHttp: { en: '`expect` requires `http`.', zh: '`expect` 只用于 `http`。' },
  probeTimeoutTooLong: {
    en: '`probe.timeout` must be at most 20 × `probe.interval`; otherwise probes of a hung member accumulate.',
    zh: '`probe.timeout` 不得超过 20 × `probe.interval`，否则对假死成员的探测会堆积。',
  },
  boundTooLow: {
    en: '`probe.maxSilence` must be at least 2 × `probe.interval`; otherwise a single late response raises a suspicion.',
    zh: '`probe.maxSilence` 不得小于 2 × `probe.interval`，否则一次响应迟到就会引起怀疑。',
  },
  boundBeyondRto: {
    en: '`probe.maxSilence` + 2 × `probe.timeout` must be less than `objectives.rto`; otherwise confirming a hang alone exceeds it.',
    zh: '`probe.maxSilence` + 2 × `probe.timeout` 须小于 `objectives.rto`，否则仅确认假死就已超时。',
  },
  mistakesTooOften: {
    en: '`probe.falseSuspicionEvery` must be more than 10 × `probe.maxSilence`; otherwise most suspicions are false.',
    zh: '`probe.falseSuspicionEvery` 须大于 10 × `probe.maxSilence`，否则多数怀疑都是误判。',
  },
  p95BeyondTimeout: {
    en: '`takeover.maxP95` must be at most `probe.timeout`; otherwise it never has an effect.',
    zh: '`takeover.maxP95` 不得超过 `probe.timeout`，否则永远不起作用。',
  },
  leaseRenewTooSlow: {
    en: '2 × `lease.renewInterval` must be less than `lease.ttl` − `lease.safetyMargin`. Otherwise a single missed renewal loses the lease.',
    zh: '2 × `lease.renewInterval` 须小于 `lease.ttl` − `lease.safetyMargin`，否则错过一次续约就会失去租约。',
  },
  leaseStoreTooSlow: {
    en: '`timeouts.store` must be less than `lease.renewInterval`; otherwise renewals overlap.',
    zh: '`timeouts.store` 须小于 `lease.renewInterval`，否则前后两次续约会重叠。',
  },
  leaseMarginTooThin: {
    en: '`lease.safetyMargin` must be at least 1% of `lease.ttl`, to cover the drift between two clocks.',
    zh: '`lease.safetyMargin` 不得小于 `lease.ttl` 的 1%，以覆盖两台主机的时钟漂移。',
  },
  leaseMarginTooWide: {
    en: '`lease.safetyMargin` must be at most half of `lease.ttl`; otherwise the holder stops too early.',
    zh: '`lease.safetyMargin` 不得超过 `lease.ttl` 的一半，否则持有者过早停止服务。',
  },
  zonesBeyondHosts: {
    en: '`plan.zones` must be at most `plan.hosts` (defaults included), because each zone needs a host.',
    zh: '`plan.zones` 不得超过 `plan.hosts`（含默认值），因为每个可用区至少需要一台主机。',
  },
  faultOutlasts: {
    en: '`faults.*.repair` must be less than `faults.*.every` (defaults included); otherwise the component is down most of the time.',
    zh: '`faults.*.repair` 须小于 `faults.*.every`（含默认值），否则该组件多数时间处于故障。',
  },
  repairOrder: {
    en: '`restart.backoff` must be at most `restart.maxBackoff`.',
    zh: '`restart.backoff` 不得超过 `restart.maxBackoff`。',
  },
  failbackBeforeRepair: {
    en: '`failback.after` must be at least `restart.backoff` (mode auto); otherwise traffic moves back before the second restart attempt.',
    zh: '`failback.after` 不得小于 `restart.backoff`（mode: auto），否则第二次修复尝试之前就会回切。',
  },
  failbackUnlimited: {
    en: '`failback.window` must be at least `failback.maxFailovers` × `failback.after` (mode auto); otherwise the limit never triggers.',
    zh: '`failback.window` 不得小于 `failback.maxFailovers` × `failback.after`（mode: auto），否则次数上限永远不会触发。',
  },
  holdTooShort: {
    en: '`traffic.hold.timeout` must be more than `probe.maxSilence` + 2 × `probe.timeout`, or 0s: requests must be held longer than it takes to confirm a hang.',
    zh: '`traffic.hold.timeout` 须大于 `probe.maxSilence` + 2 × `probe.timeout`，或为 0s：请求的暂存时间须长于确认假死所需的时间。',
  },
  drainBeyondHold: {
    en: 'With `exclusive`, `timeouts.drain` must be at most `traffic.hold.timeout`; otherwise held requests get a 503 while old ones drain.',
    zh: '设有 `exclusive` 时，`timeouts.drain` 不得超过 `traffic.hold.timeout`，否则排空期间暂存的请求会收到 503。',
  },
  drainBeyondLease: {
    en: 'With `exclusive`, `timeouts.drain` must be at most `lease.ttl` − `lease.safetyMargin` − `lease.renewInterval`, because a drain does not extend the lease.',
    zh: '设有 `exclusive` 时，`timeouts.drain` 不得超过 `lease.ttl` − `lease.safetyMargin` − `lease.renewInterval`，因为排空不会延长租约。',
  },
  replayBeyondHold: {
    en: '`traffic.hold.bytes` must be at least `traffic.retry.body` × `traffic.processes`, or 0B; otherwise the largest retryable request does not fit.',
    zh: '`traffic.hold.bytes` 不得小于 `traffic.retry.body` × `traffic.processes`，或为 0B，否则放不下最大的可重发请求。',
  },
  sendNeedsTcp: {
    en: '`traffic.proxyProtocol.send` requires `protocol: tcp`.',
    zh: '`traffic.proxyProtocol.send` 只用于 `protocol: tcp`。',
  },
  caUnused: {
    en: '`traffic.backend.tls.ca` has no effect with `verify: false`.',
    zh: '设有 `verify: false` 时，`traffic.backend.tls.ca` 不起作用。',
  },
  replayNeedsHttp: {
    en: '`traffic.retry` requires `protocol: http`.',
    zh: '`traffic.retry` 只用于 `protocol: http`。',
  },
} as const satisfies Readonly<Record<string, Text>>;

export type RuleCode = keyof typeof RULES;
export type FaultCode = keyof typeof FORM_FAULTS | RuleCode;
