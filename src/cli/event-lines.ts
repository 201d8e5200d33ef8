import type {
  CertificateChange,
  HealthChange,
  IncidentChange,
  AgentChange,
} from '../agent/contract.ts';
import type { ProcessChange } from '../drivers/traffic/contract.ts';
import { unreachable } from '../core/assert.ts';
import { describeCause } from '../core/describe/cause.ts';
import { describeFact } from '../core/describe/fact.ts';
import { describeFault } from '../core/describe/fault.ts';
import { describeHealth, describeVerdict } from '../core/describe/health.ts';
import type { Locale } from '../core/describe/language.ts';
import { describeRefusal } from '../core/describe/refusal.ts';
import type { EffectFault } from '../core/reasons.ts';
import type { Incident, IncidentEntry, RepairState } from '../core/state.ts';

// The agent's events as lines that a person can follow while they happen. What is only of interest
// afterwards (every order with its number, every passed-over candidate) is left to `explain`.

const TOLD_FACTS: ReadonlySet<string> = new Set([
  'verdict',
  'chosen',
  'noCandidate',
  'usedFallback',
  'served',
  'failed',
  'aborted',
  'observed',
]);

const SEEN_TO_END: ReadonlySet<string> = new Set(['exited', 'vanished']);

const TRAFFIC_LOST =
  'the data plane is gone and is being started again: clients of a proxy wait, members that share a socket serve on';
const TRAFFIC_BACK = 'the data plane is back';

/** Lines for one piece of news, without time and service; none when it is of no interest while it happens. */
export function eventLines(news: AgentChange, locale: Locale): readonly string[] {
  switch (news.kind) {
    case 'health':
      return narrateHealth(news.data, locale);
    case 'incident':
      return narrateIncident(news.data, locale);
    case 'blocked':
      return [`not done: ${describeRefusal(news.data, locale)}`];
    case 'status':
      return [];
    case 'traffic':
      return [news.data.up ? TRAFFIC_BACK : TRAFFIC_LOST];
    case 'proxy':
      return [narrateProcess(news.data)];
    case 'certificate':
      return [narrateCertificate(news.data)];
    case 'acceptedEarly':
      return [
        `${news.data.member} stands by and accepts clients all the same: with \`accept: onActivate\` it has to wait for a line from HOTWARM_ACTIVATE_FD`,
      ];
    default:
      return unreachable(news);
  }
}

function narrateProcess(news: ProcessChange): string {
  switch (news.change) {
    case 'started':
      return `proxy process ${news.process} is there again (pid ${news.pid}); whoever connected meanwhile is served now`;
    case 'unkept':
      return 'the socket holder has exited: what runs keeps serving, but nothing that is started now can accept clients until the address is free';
    case 'kept':
      return 'the socket holder is back';
    case 'ended':
    case 'hung': {
      const how = news.change === 'hung' ? 'did not answer and was killed' : 'ended';
      return `proxy process ${news.process} (pid ${news.pid}) ${how}, ${lossOf(news.lost)}; its address is kept`;
    }
    default:
      return unreachable(news);
  }
}

function lossOf(lost: { readonly connections: number; readonly requests: number } | null): string {
  if (lost === null) return 'with an unknown number of connections';
  return `and with it ${count(lost.connections, 'connection')} and ${count(lost.requests, 'request')} under way, by its last figures`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

function narrateCertificate({ file, fault }: CertificateChange): string {
  if (fault === null) return `the new certificate in ${file} is in use`;
  return `the new certificate is not used, the old one stays: ${file}: ${fault}`;
}

/** What happens once the agent is told to stop. */
export function stopNotice(modes: readonly ('manage' | 'observe')[]): string {
  return modes.includes('manage')
    ? 'stopping: members get their stop time-out to finish'
    : 'stopping: observed members are left as they are';
}

function narrateHealth(data: HealthChange, locale: Locale): readonly string[] {
  const { member, health, lifecycle, ready, pid, repair } = data;
  if (repair.fault !== null && lifecycle === 'absent')
    return [failedStart(member, repair, repair.fault, locale)];
  if (lifecycle === 'starting') return pid === null ? [`${member} is starting`] : [];
  if (lifecycle === 'running' && ready && health === 'healthy')
    // Of an observed member no process is known: somebody else started it.
    return [pid === null ? `${member} is ready` : `${member} is ready (pid ${pid})`];
  if (lifecycle === 'frozen') return [`${member} is frozen`];
  return narrateVerdict(data, locale);
}

function narrateVerdict(data: HealthChange, locale: Locale): readonly string[] {
  const { member, health, reason, lifecycle } = data;
  if (health !== 'suspect' && health !== 'failed' && health !== 'degraded') return [];
  // It was told before that it failed; only what was not seen to end had to be ended.
  if (lifecycle === 'absent' && health === 'failed' && !SEEN_TO_END.has(reason))
    return [`${member} is fenced: nothing of it is left`];
  return [`${member} is ${describeVerdict(health, locale)}: ${describeHealth(reason, locale)}`];
}

function failedStart(
  member: string,
  repair: RepairState,
  fault: EffectFault,
  locale: Locale,
): string {
  const detail = repair.detail === '' ? '' : ` (${repair.detail})`;
  return `${member} could not be started, attempt ${repair.attempts}: ${describeFault(fault, locale)}${detail}`;
}

function narrateIncident(incident: IncidentChange, locale: Locale): readonly string[] {
  const observeOnly = incident.observeOnly ? ' (observe-only, nothing is done)' : '';
  const opened = incident.opened
    ? [
        `incident ${incident.id}, ${incident.kind}${observeOnly}: ${describeCause(incident.cause, locale)}`,
      ]
    : [];
  const facts = incident.timeline
    .filter(isTold)
    .map((entry) => `  ${offset(incident, entry)} ${describeFact(entry, locale)}`);
  return [...opened, ...facts, ...ending(incident)];
}

function isTold(entry: IncidentEntry): boolean {
  return TOLD_FACTS.has(entry.code);
}

function offset(incident: Incident, entry: IncidentEntry): string {
  return `${`+${Math.max(0, entry.at - incident.startedAt).toFixed(1)}`.padStart(8)} ms`;
}

function ending(incident: Incident): readonly string[] {
  const ended = incident.timeline.some((entry) => entry.code === 'ended');
  if (!ended || incident.outageMs === null) return [];
  return [
    `incident ${incident.id} ${incident.outcome}, outage ${incident.outageMs.toFixed(1)} ms; hotwarm explain ${incident.id}`,
  ];
}
