import type { ResolvedConfig, ResolvedMember, ResolvedService } from '../config/resolved.ts';
import { formatAddress, formatDuration, formatShare } from '../config/units.ts';
import { probeText } from '../drivers/probe/spec.ts';
import type { FalseFailoverPrediction } from '../model/false-failovers.ts';
import type { FaultKind, LeasePrediction, Spread, TakeoverPrediction } from '../model/timing.ts';
import type { ServicePrediction } from './predict.ts';
import type { PreflightFinding } from './preflight/finding.ts';
import type { BriefSimulation } from './simulate/quick-run.ts';

// The text of `hotwarm check`.

type CheckReport = {
  readonly config: ResolvedConfig;
  readonly predictions: ReadonlyMap<string, ServicePrediction>;
  readonly findings: readonly PreflightFinding[];
  /** By service; empty: nothing was simulated. */
  readonly simulated: ReadonlyMap<string, BriefSimulation>;
};

export function formatReport(report: CheckReport): string {
  const { config, predictions, findings, simulated } = report;
  const blocks = config.services.map((service) => {
    const prediction = predictions.get(service.name);
    return [
      ...summary(service),
      ...(prediction === undefined ? [] : implied(service, prediction)),
      ...simulationLines(simulated.get(service.name)),
    ];
  });
  const lines = [
    `${config.file}: no faults`,
    ...blocks.flatMap((block) => ['', ...block]),
    '',
    ...accessLines(config.agent.api),
    '',
    ...machine(findings),
  ];
  return `${lines.join('\n')}\n`;
}

/** Who may read and who may send commands. */
function accessLines({ host, port, token, socket }: ResolvedConfig['agent']['api']): string[] {
  const overTcp = `http://${formatAddress({ host, port })}`;
  return [
    `API on ${socket}: root and the agent's user can read and send commands`,
    token === null
      ? `API on ${overTcp}: every local user can read; only root and the agent's user can send commands`
      : `API on ${overTcp}: everyone with agent.token can read and send commands; health checks need no token`,
  ];
}

function simulationLines(simulated: BriefSimulation | undefined): string[] {
  if (simulated === undefined) return [];
  return [
    `  simulated, ${simulated.years} years (hotwarm simulate tells more):`,
    ...simulated.verdicts.map(({ isGood, text }) => `    ${isGood ? 'fine' : 'warning'}: ${text}`),
  ];
}

function summary(service: ResolvedService): string[] {
  const { core, traffic, members, probe } = service;
  const { detection } = core;
  const listen = traffic.listeners.map(({ address }) => formatAddress(address)).join(', ');
  const hasTls = 'tls' in traffic && traffic.tls !== null;
  const exclusive = core.exclusive ? ', exclusive' : '';
  return [
    `service ${service.name}: ${core.kind}${exclusive}, ${traffic.protocol}${hasTls ? ' with TLS' : ''} on ${listen} via ${traffic.via}`,
    ...members.map((member, index) => `  ${memberLine(member, index === 0)}`),
    `  probe: ${probeText(probe)} every ${formatDuration(detection.intervalMs)}, time-out ${formatDuration(detection.timeoutMs)}, suspected after ${formatDuration(detection.boundMs)} at most`,
  ];
}

function memberLine(member: ResolvedMember, isPreferred: boolean): string {
  const share = member.cpuShare === null ? '' : ` at ${formatShare(member.cpuShare)} of a core`;
  const preferred = isPreferred ? ', preferred' : '';
  const at = formatAddress({ host: member.address, port: member.port });
  return `${member.name}: ${member.temperature}${share}${preferred}, ${at}: ${member.command.join(' ')}`;
}

function implied(service: ResolvedService, prediction: ServicePrediction): string[] {
  return [
    '  what these timings imply (p50, p99):',
    ...takeoverTable(prediction).map((line) => `    ${line}`),
    ...mistakeLines(prediction.mistakes).map((line) => `    ${line}`),
    ...leaseLines(service.core.exclusive, prediction.lease).map((line) => `    ${line}`),
    ...prediction.advice.map(({ text }) => `  note: ${text}`),
  ];
}

const FAULT_NAMES: Readonly<Record<FaultKind, string>> = {
  crash: 'active process killed',
  hang: 'active process hangs',
  portClosed: 'active refuses connections',
  agentKilled: 'agent killed',
  slow: 'active slow or failing',
};

const NOTES: Readonly<Record<TakeoverPrediction['note'], string>> = {
  none: '',
  coldStart: 'depends on the start of a cold standby',
  unseen: 'NOT SEEN by this probe',
  agentAway: 'members and traffic go on; no takeover until the agent is back',
  leaseEnds: 'traffic goes on until the lease ends',
  reportOnly: 'reported only',
  needsTraffic: 'once clients get bad answers',
  drains: 'depends on how long open requests take to drain',
};

function takeoverTable({ takeovers, beyondRto }: ServicePrediction): string[] {
  const head = ['if this happens', 'a request waits', 'all moved after', ''];
  const rows = takeovers.map((row) => [
    FAULT_NAMES[row.fault],
    spread(row.request),
    spread(row.takeover),
    beyondRto.includes(row) ? 'MISSES rto' : NOTES[row.note],
  ]);
  return alignColumns([head, ...rows]);
}

function spread(value: Spread | null): string {
  if (value === null) return '-';
  return value.p99Ms === 0 ? 'nothing' : `${duration(value.p50Ms)}, ${duration(value.p99Ms)}`;
}

/** More digits than these would be more than a prediction is worth. */
function duration(ms: number): string {
  if (ms < 10) return formatDuration(Number(ms.toFixed(1)));
  return formatDuration(ms < 1000 ? Math.round(ms) : Math.round(ms / 100) * 100);
}

function mistakeLines(mistakes: FalseFailoverPrediction): string[] {
  const { quiet, busy, pausing } = mistakes.failoversPerYear;
  const suspicions = `false suspicions a year (probes only, no takeover): about ${rate(mistakes.suspicionsPerYear)} by design`;
  if (mistakes.toleratedPauseMs === null) return [suspicions];
  const tolerated = duration(mistakes.toleratedPauseMs);
  return [
    `a healthy member’s pause of up to ${tolerated} is surely tolerated; false failovers a year, at most:`,
    `  ${rate(quiet)} with one pause a day of 50ms in the median, ${rate(busy)} with one every 10m, ${rate(pausing)} with one every 10m of 250ms`,
    suspicions,
  ];
}

function rate(perYear: number): string {
  if (perYear >= 10) return Math.round(perYear).toString();
  return perYear >= 0.01 ? perYear.toPrecision(2) : 'below 0.01';
}

function leaseLines(isExclusive: boolean, lease: LeasePrediction): string[] {
  const stops = duration(lease.holderStopsMs);
  const drift = formatShare(Number(lease.driftShare.toFixed(3)));
  if (!isExclusive)
    return [
      `lease: ${duration(lease.takeoverAfterMs)}; two actives do no harm, so traffic does not end with it`,
    ];
  return [
    `lease: without renewals the active stops within ${stops}, another host may follow after ${duration(lease.takeoverAfterMs)}; clocks may drift by ${drift}`,
    `with the agent killed, traffic goes on for ${duration(lease.graceMinMs)} to ${stops}`,
  ];
}

function machine(findings: readonly PreflightFinding[]): string[] {
  if (findings.length === 0)
    return [
      'this machine: ports, commands, directories, users, state, disk and cgroups are in order',
    ];
  return ['this machine:', ...formatFindings(findings).map((line) => `  ${line}`)];
}

export function formatFindings(findings: readonly PreflightFinding[]): string[] {
  return findings.flatMap(({ level, where, what, todo, code }) => [
    `${level}: ${where}: ${what} [${code}]`,
    `  fix: ${todo}`,
  ]);
}

function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths?.[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
