import { z } from 'zod';
import { faultsSection } from './faults-schema.ts';
import { PROBE_KEYS } from './probe-kinds.ts';
import { planObjectives, planSection } from './plan-schema.ts';
import { trafficSection } from './traffic/kinds.ts';
import {
  address,
  choice,
  command,
  duration,
  environment,
  hostName,
  name,
  share,
  sizeOrZero,
  text,
  userName,
} from './values.ts';
import { TEMPERATURE_NAMES } from '../core/temperature.ts';

// The keys of hotwarm.yaml, their types, ranges, defaults and meanings. This is the one place that states
// them: the loader parses with it, and reference.ts generates docs/reference/config.md and the JSON Schema
// for editors from it. What several keys mean together is in rules.ts. Defaults that depend on other keys
// are left open for defaults.ts. Longer than most files because it is one list.

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

const probe = z.strictObject({
  ...PROBE_KEYS,
  interval: duration({ min: 10, max: HOUR }, 'Time between two routine probes.').prefault('100ms'),
  timeout: duration({ min: 5, max: MINUTE }, 'Patience with one probe.').prefault('300ms'),
  maxSilence: duration(
    { min: 10, max: HOUR },
    'Maximum time from the last response to a suspicion. Default: the larger of `timeout` and 3 × `interval`.',
  ).optional(),
  falseSuspicionEvery: duration(
    { min: MINUTE, max: 365 * DAY },
    'Target time between two false suspicions. A suspicion must be confirmed before hotwarm acts.',
  ).prefault('1h'),
});

const ready = z.strictObject(PROBE_KEYS);

const prime = z.strictObject({
  http: text(
    /^\/[\x21-\x7e]{0,1023}$/,
    'a path that begins with /',
    'GET this path on the member’s address; any answer will do. Default: `probe.http`; without one it is not asked.',
  ).optional(),
  requests: z
    .int()
    .min(0)
    .max(100_000)
    .meta({ description: 'How many requests, one after the other; 0: none.' })
    .prefault(200),
  timeout: duration({ min: 10, max: MINUTE }, 'Total time limit for all of them.').prefault('1s'),
});

const takeover = z.strictObject({
  maxP95: duration(
    { min: 1, max: MINUTE },
    'A candidate whose 95th percentile of latency is above this may not take over. Default: not checked.',
  ).optional(),
  maxLag: sizeOrZero(
    { min: 0, max: 1024 * GIB },
    'A candidate that lags by more than this may not take over. Not checked for kinds without replication.',
  ).optional(),
  maxRehearsalAge: duration(
    { min: SECOND, max: 365 * DAY },
    'Maximum age of a candidate’s last successful rehearsal. Default: not checked.',
  ).optional(),
  degraded: choice(
    ['serve', 'hold'],
    'While no candidate passes: let one that is only too slow serve, or hold the requests.',
  ).prefault('serve'),
  probation: duration(
    { min: SECOND, max: HOUR },
    'How long hotwarm watches the new active member after a takeover.',
  ).prefault('10s'),
  maxErrorRate: share(
    { min: 0.0001, max: 1 },
    'Largest share of requests that may fail before a member is degraded.',
  ).prefault('5%'),
});

const failback = z.strictObject({
  mode: choice(
    ['auto', 'manual', 'never'],
    'Return to the preferred member by itself, on command, or not at all.',
  ).prefault('auto'),
  after: duration(
    { min: SECOND, max: 30 * DAY },
    'How long the preferred member must have been healthy; doubles with each failover within `window`.',
  ).prefault('30s'),
  maxFailovers: z
    .int()
    .min(1)
    .max(64)
    .meta({ description: 'Past this many failovers within `window`, automatic failback stops.' })
    .prefault(3),
  window: duration({ min: MINUTE, max: 30 * DAY }, 'See `maxFailovers`.').prefault('10m'),
});

const lease = z.strictObject({
  ttl: duration(
    { min: 200, max: HOUR },
    'Another host may take over this long after it last saw a renewal.',
  ).prefault('10s'),
  renewInterval: duration({ min: 50, max: HOUR }, 'Time between two renewals.').prefault('3s'),
  safetyMargin: duration(
    { min: 10, max: HOUR },
    'The holder stops serving this long before its lease could be taken.',
  ).prefault('1s'),
});

const restart = z.strictObject({
  backoff: duration(
    { min: 10, max: HOUR },
    'Pause before the second attempt to bring a member back; doubles with each attempt.',
  ).prefault('500ms'),
  maxBackoff: duration({ min: 10, max: DAY }, 'Longest such pause.').prefault('30s'),
  resetAfter: duration(
    { min: 100, max: DAY },
    'Each time this long that a member was ready takes one failure off its count.',
  ).prefault('500ms'),
});

const degraded = z.strictObject({
  action: choice(
    ['switchover', 'report'],
    'What to do with an active that answers probes but serves its clients badly. Default: switchover where `takeover.maxP95` is set, else report.',
  ).optional(),
  backoff: duration(
    { min: SECOND, max: DAY },
    'Pause before the next switchover for this reason, times the number so far.',
  ).prefault('30s'),
});

const timeoutKey = (description: string) => duration({ min: 50, max: DAY }, description);

const timeouts = z.strictObject({
  start: timeoutKey('Until a started process exists.').prefault('10s'),
  ready: timeoutKey('Until a started member answers. Default: 30s.').optional(),
  stop: timeoutKey('From SIGTERM to SIGKILL.').prefault('10s'),
  fence: timeoutKey('Until it is proved that the old active can do no harm.').prefault('5s'),
  promote: timeoutKey('Until a standby has become active.').prefault('30s'),
  demote: timeoutKey('Until an active has become a standby.').prefault('30s'),
  rejoin: timeoutKey('Until a failed member is a good standby again.').prefault('5m'),
  drain: timeoutKey(
    'Until the requests under way have ended in a planned takeover; the rest are cut. Default: 10s; where `exclusive` at most what the lease and `traffic.hold.timeout` leave.',
  ).optional(),
  store: timeoutKey('Until the store has answered.').prefault('2s'),
  switch: timeoutKey('Until the data plane obeys a new route.').prefault('1s'),
});

const member = z.strictObject({
  host: hostName('The host it runs on. Default: `agent.host`.').optional(),
  command: command(
    'Program and arguments, run without a shell. `PORT`, `HOTWARM_MEMBER` and `HOTWARM_SERVICE` are in its environment.',
  ),
  port: z
    .int()
    .min(1)
    .max(65_535)
    .meta({ description: 'Where it listens; given to it as `PORT`.' }),
  address: hostName('The address it listens on.').prefault('127.0.0.1'),
  temperature: choice(
    TEMPERATURE_NAMES,
    'How it is kept while it stands by. Default: hot, with `via: socket` frozen unless `traffic.accept` is `onActivate`.',
  ).optional(),
  cpu: share(
    { min: 0.01, max: 64 },
    'Share of one core that it may use while it stands by `warm`. Default: not limited.',
  ).optional(),
  env: environment.prefault({}),
  cwd: text(
    /^[^\0]+$/,
    'a path',
    'Its working directory, from the configuration file’s. Default: that directory.',
  ).optional(),
  user: userName(
    'The user it runs as: a name of /etc/passwd, `"uid"` or `"uid:gid"`. Default: the agent’s.',
  ).optional(),
});

export const objectivesSection = z.strictObject({
  rto: duration({ min: 1, max: DAY }, 'Longest outage that you accept.').optional(),
  rpo: sizeOrZero(
    { min: 0, max: 1024 * GIB },
    'Most acknowledged data that you accept to lose.',
  ).optional(),
  availability: share(
    { min: 0.5, max: 0.9999999999 },
    'Share of time that the service shall be up.',
  ).optional(),
  ...planObjectives,
});

const service = z.strictObject({
  kind: choice(['process'], 'What the members are.').prefault('process'),
  exclusive: z
    .boolean()
    .meta({ description: 'Two actives at once would do harm: fence before promoting.' })
    .prefault(false),
  members: z.record(name, member).meta({ description: 'By name; the first is preferred.' }),
  traffic: trafficSection,
  probe,
  ready: ready.optional(),
  prime: prime.prefault({}),
  takeover: takeover.prefault({}),
  failback: failback.prefault({}),
  lease: lease.prefault({}),
  restart: restart.prefault({}),
  degraded: degraded.prefault({}),
  timeouts: timeouts.prefault({}),
  objectives: objectivesSection.prefault({}),
  faults: faultsSection.prefault({}),
  plan: planSection.prefault({}),
  mode: choice(
    ['manage', 'observe'],
    '`manage`: act on decisions. `observe`: decide and report, do nothing.',
  ).prefault('manage'),
});

const agent = z.strictObject({
  host: hostName('This host’s name. Default: the hostname.').optional(),
  stateDir: text(
    /^[^\0]+$/,
    'a path',
    'Directory of the journal, the epochs and the measurements, from the configuration file’s.',
  ).prefault('./.hotwarm'),
  api: address('Where the API and the dashboard listen. Loopback only in this version.').prefault(
    '127.0.0.1:7070',
  ),
  apiSocket: text(
    /^[^\0]+$/,
    'a path',
    'Unix socket of the API, with mode 0600: root and the agent’s user may send commands there. Default: agent.sock in `stateDir`.',
  ).optional(),
  token: text(
    /^[\x21-\x7e]{16,256}$/,
    '16 to 256 printable characters',
    'Bearer token that every request to the API needs, but for `/status`, `/get_status`, `/healthz` and `/readyz`. Default: none.',
  ).optional(),
  store: z
    .literal('embedded')
    .meta({ description: 'Where leases are kept: SQLite in `stateDir`.' })
    .prefault('embedded'),
});

export const configSchema = z.strictObject({
  agent: agent.prefault({}),
  services: z.record(name, service).meta({ description: 'By name.' }),
});

/** The file after parsing: units converted, defaults filled in. */
export type ParsedConfig = z.output<typeof configSchema>;
export type ParsedService = ParsedConfig['services'][string];
export type ParsedMember = ParsedService['members'][string];
