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

// The keys of hotwarm.yaml with their types, ranges, defaults and meanings, in one place: the loader parses with it, and
// reference.ts generates docs/reference/config.md and the JSON Schema for editors from it. Rules about several keys are in
// rules.ts, defaults that depend on other keys in defaults.ts. Longer than most files because it is one list.

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
  timeout: duration({ min: 5, max: MINUTE }, 'Probe timeout.').prefault('300ms'),
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
    'Path of the warm-up requests; any response counts. Default: `probe.http`; without one, hotwarm sends none.',
  ).optional(),
  requests: z
    .int()
    .min(0)
    .max(100_000)
    .meta({ description: 'Number of warm-up requests, one after the other.' })
    .prefault(200),
  timeout: duration({ min: 10, max: MINUTE }, 'Time limit for all warm-up requests.').prefault(
    '1s',
  ),
});

const takeover = z.strictObject({
  maxP95: duration(
    { min: 1, max: MINUTE },
    'Maximum 95th percentile latency of a candidate. Default: not checked.',
  ).optional(),
  maxLag: sizeOrZero(
    { min: 0, max: 1024 * GIB },
    'Maximum replication lag of a candidate. Not checked for kinds without replication.',
  ).optional(),
  maxRehearsalAge: duration(
    { min: SECOND, max: 365 * DAY },
    'Maximum age of a candidate’s last successful rehearsal. Default: not checked.',
  ).optional(),
  degraded: choice(
    ['serve', 'hold'],
    'If no candidate is eligible: `serve` accepts a slow candidate, `hold` holds requests.',
  ).prefault('serve'),
  probation: duration(
    { min: SECOND, max: HOUR },
    'Time that hotwarm watches the new active member after a takeover.',
  ).prefault('10s'),
  maxErrorRate: share(
    { min: 0.0001, max: 1 },
    'Maximum share of failed requests; above it a member is degraded.',
  ).prefault('5%'),
});

const failback = z.strictObject({
  mode: choice(
    ['auto', 'manual', 'never'],
    'Return to the preferred member automatically, on command, or never.',
  ).prefault('auto'),
  after: duration(
    { min: SECOND, max: 30 * DAY },
    'Time that the preferred member must be healthy before a failback; doubles with each failover within `window`.',
  ).prefault('30s'),
  maxFailovers: z
    .int()
    .min(1)
    .max(64)
    .meta({
      description:
        'Maximum number of failovers within `window`; above it automatic failback stops.',
    })
    .prefault(3),
  window: duration({ min: MINUTE, max: 30 * DAY }, 'See `maxFailovers`.').prefault('10m'),
});

const lease = z.strictObject({
  ttl: duration(
    { min: 200, max: HOUR },
    'Lifetime of the lease: another host can take over this long after the last renewal that it saw.',
  ).prefault('10s'),
  renewInterval: duration({ min: 50, max: HOUR }, 'Time between two renewals.').prefault('3s'),
  safetyMargin: duration(
    { min: 10, max: HOUR },
    'The holder stops serving this long before another host can take the lease.',
  ).prefault('1s'),
});

const restart = z.strictObject({
  backoff: duration(
    { min: 10, max: HOUR },
    'Delay before the second restart attempt; doubles with each attempt.',
  ).prefault('500ms'),
  maxBackoff: duration({ min: 10, max: DAY }, 'Maximum delay between restart attempts.').prefault(
    '30s',
  ),
  resetAfter: duration(
    { min: 100, max: DAY },
    'Ready time that removes one failure from the count.',
  ).prefault('500ms'),
});

const degraded = z.strictObject({
  action: choice(
    ['switchover', 'report'],
    'Action for an active member that responds to probes but is slow or fails requests. Default: switchover if `takeover.maxP95` is set, otherwise report.',
  ).optional(),
  backoff: duration(
    { min: SECOND, max: DAY },
    'Delay before the next such switchover, multiplied by their number so far.',
  ).prefault('30s'),
});

const timeoutKey = (description: string) => duration({ min: 50, max: DAY }, description);

const timeouts = z.strictObject({
  start: timeoutKey('Time limit for starting the process.').prefault('10s'),
  ready: timeoutKey('Time limit until a started member is ready. Default: 30s.').optional(),
  stop: timeoutKey('Time from SIGTERM to SIGKILL.').prefault('10s'),
  fence: timeoutKey('Time limit for fencing the old active member.').prefault('5s'),
  promote: timeoutKey('Time limit for promoting a standby.').prefault('30s'),
  demote: timeoutKey('Time limit for demoting the active member.').prefault('30s'),
  rejoin: timeoutKey('Time limit for a failed member to become a standby again.').prefault('5m'),
  drain: timeoutKey(
    'Time limit for in-flight requests in a planned takeover; the rest are cut. Default: 10s; with `exclusive` at most what the lease and `traffic.hold.timeout` allow.',
  ).optional(),
  store: timeoutKey('Time limit for a response of the lease store.').prefault('2s'),
  switch: timeoutKey('Time limit for the proxy to apply a new route.').prefault('1s'),
});

const member = z.strictObject({
  host: hostName('Host of the member. Default: `agent.host`.').optional(),
  command: command(
    'Program and arguments, run without a shell. The environment contains `PORT`, `HOTWARM_MEMBER` and `HOTWARM_SERVICE`.',
  ),
  port: z.int().min(1).max(65_535).meta({ description: 'Port of the member; passed as `PORT`.' }),
  address: hostName('Listen address of the member.').prefault('127.0.0.1'),
  temperature: choice(
    TEMPERATURE_NAMES,
    'Standby temperature. Default: hot; with `via: socket` frozen, unless `traffic.accept` is `onActivate`.',
  ).optional(),
  cpu: share(
    { min: 0.01, max: 64 },
    'CPU limit of a `warm` standby, as a share of one core. Default: no limit.',
  ).optional(),
  env: environment.prefault({}),
  cwd: text(
    /^[^\0]+$/,
    'a path',
    'Working directory, relative to that of the configuration file. Default: that directory.',
  ).optional(),
  user: userName(
    'User of the process: a name in /etc/passwd, `"uid"` or `"uid:gid"`. Default: the agent’s user.',
  ).optional(),
});

export const objectivesSection = z.strictObject({
  rto: duration({ min: 1, max: DAY }, 'Maximum outage (RTO).').optional(),
  rpo: sizeOrZero(
    { min: 0, max: 1024 * GIB },
    'Maximum loss of acknowledged data (RPO).',
  ).optional(),
  availability: share({ min: 0.5, max: 0.9999999999 }, 'Required availability.').optional(),
  ...planObjectives,
});

const service = z.strictObject({
  kind: choice(['process'], 'Member type.').prefault('process'),
  exclusive: z
    .boolean()
    .meta({ description: 'At most one active member: fence before promoting.' })
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
    '`manage`: act on decisions. `observe`: decide and report only.',
  ).prefault('manage'),
});

const agent = z.strictObject({
  host: hostName('Name of this host. Default: the hostname.').optional(),
  stateDir: text(
    /^[^\0]+$/,
    'a path',
    'Directory of journal and leases, relative to that of the configuration file.',
  ).prefault('./.hotwarm'),
  api: address('Listen address of the API; loopback only in this version.').prefault(
    '127.0.0.1:7070',
  ),
  apiSocket: text(
    /^[^\0]+$/,
    'a path',
    'Unix socket of the API, with mode 0600: root and the agent’s user can send commands there. Default: agent.sock in `stateDir`.',
  ).optional(),
  token: text(
    /^[\x21-\x7e]{16,256}$/,
    '16 to 256 printable characters',
    'Bearer token for every API request except `/status`, `/get_status`, `/healthz` and `/readyz`. Default: none.',
  ).optional(),
  store: z
    .literal('embedded')
    .meta({ description: 'Lease store: SQLite in `stateDir`.' })
    .prefault('embedded'),
});

export const configSchema = z.strictObject({
  agent: agent.prefault({}),
  services: z.record(name, service).meta({ description: 'By name.' }),
});

/** The file after parsing: units converted, defaults set. */
export type ParsedConfig = z.output<typeof configSchema>;
export type ParsedService = ParsedConfig['services'][string];
export type ParsedMember = ParsedService['members'][string];
