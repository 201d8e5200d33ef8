// Every fault a configuration can have: stable codes for tests, editors, `--json` and the reference.

/** Faults of the file, its syntax and its single keys. */
export const FORM_FAULTS = {
  emptyFile: 'The file says nothing.',
  fileTooLarge: 'The file is larger than 1 MiB.',
  syntax: 'This is not YAML.',
  tab: 'A tab is used to indent.',
  duplicateKey: 'A key stands twice in one section.',
  badAlias: 'An alias has no anchor before it, or there are too many.',
  unknownKey: 'A key is not known where it stands.',
  renamed: 'A key or a value has a new name.',
  wrongVia: 'A key or an address of `traffic` that another `via` has, not this one.',
  missingKey: 'A key that must be there is missing.',
  wrongType: 'A value is of another type: a word for a number, a text for a list.',
  badValue: 'A word is none of those that may stand there.',
  badName: 'A name of a service or a member is not formed as names are.',
  badDuration: 'A duration is not a number with a unit.',
  badSize: 'A size is not a number with a unit.',
  badShare: 'A share is not a percentage.',
  badAddress: 'An address is not host:port.',
  badPattern: 'A text is not of the form that is needed.',
  outOfRange: 'A value is too small or too large.',
  notYet: 'A known word that this version does not implement.',
} as const;

/** Faults of several keys together. */
export const RULES = {
  noServices: 'There must be a service.',
  singleMember: 'A service needs two members or more: without a standby nothing can take over.',
  addressClash: 'API, services and members each listen on an address of their own.',
  apiExposed: 'The API listens on loopback, as this version has no TLS.',
  remoteMember: 'Members run on the agent’s host, as the embedded store is not shared.',
  cpuWithoutWarm: '`cpu` is for `temperature: warm` only.',
  envReserved: 'What the agent sets in a member’s environment is not set by the file.',
  standbyUnshielded:
    'A member whose clients the data plane cannot keep away (`via: socket` with `accept: start`) is `frozen` or `cold` while it stands by.',
  listenerName: '`service` and `member` are not names of `traffic.listeners`.',
  tooManyListeners: 'There are at most 15 `traffic.listeners`.',
  unixUnused: '`traffic.unix` is for Unix sockets only.',
  exclusiveUnguarded:
    '`exclusive` needs a data plane that keeps clients from standbys and from an active whose lease has ended: `via: proxy`.',
  frozenLag: 'A frozen member receives nothing, so it cannot be held to `takeover.maxLag`.',
  probeKind: 'A look is exactly one of `http`, `tcp` and `command`.',
  expectNeedsHttp: '`expect` is for `http` only.',
  probeTimeoutTooLong:
    '`probe.timeout` ≤ 20 × `probe.interval`, or probes of a hung member pile up.',
  boundTooLow: '`probe.maxSilence` ≥ 2 × `probe.interval`, or every late answer is a suspicion.',
  boundBeyondRto: '`probe.maxSilence` + 2 × `probe.timeout` < `objectives.rto`.',
  mistakesTooOften: '`probe.falseSuspicionEvery` > 10 × `probe.maxSilence`.',
  p95BeyondTimeout: '`takeover.maxP95` ≤ `probe.timeout`, or it never decides anything.',
  leaseRenewTooSlow:
    '2 × `lease.renewInterval` < `lease.ttl` − `lease.safetyMargin`, so that one lost renewal costs nothing.',
  leaseStoreTooSlow: '`timeouts.store` < `lease.renewInterval`.',
  leaseMarginTooThin:
    '`lease.safetyMargin` ≥ 1% of `lease.ttl`: it covers the drift of two clocks.',
  leaseMarginTooWide: '`lease.safetyMargin` ≤ half of `lease.ttl`.',
  zonesBeyondHosts: '`plan.zones` ≤ `plan.hosts`, the default of each counted in.',
  faultOutlasts: '`faults.*.repair` < `faults.*.every`, the default of each counted in.',
  repairOrder: '`restart.backoff` ≤ `restart.maxBackoff`.',
  failbackBeforeRepair: '`failback.after` ≥ `restart.backoff` (mode auto).',
  failbackUnlimited:
    '`failback.window` ≥ `failback.maxFailovers` × `failback.after`, or the limit is never reached (mode auto).',
  holdTooShort:
    '`traffic.hold.timeout` > `probe.maxSilence` + 2 × `probe.timeout`, or 0s: what waits must outlast a hang’s proof.',
  drainBeyondHold: '`timeouts.drain` ≤ `traffic.hold.timeout` where `exclusive`.',
  drainBeyondLease:
    '`timeouts.drain` ≤ `lease.ttl` − `lease.safetyMargin` − `lease.renewInterval` where `exclusive`: a drain does not extend the lease.',
  replayBeyondHold: '`traffic.hold.bytes` ≥ `traffic.retry.body` × `traffic.processes`, or 0B.',
  sendNeedsTcp: '`traffic.proxyProtocol.send` is for `protocol: tcp` only.',
  caUnused: '`traffic.backend.tls.ca` is not given with `verify: false`.',
  replayNeedsHttp: '`traffic.retry` is for `protocol: http` only.',
} as const;

export type RuleCode = keyof typeof RULES;
export type FaultCode = keyof typeof FORM_FAULTS | RuleCode;
