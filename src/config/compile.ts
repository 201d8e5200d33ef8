import { join, resolve } from 'node:path';
import type { ServiceConfig } from '../core/config.ts';
import { assert } from '../core/assert.ts';
import { probesOf } from './probe-kinds.ts';
import type { TrafficAbilities } from '../drivers/traffic/contract.ts';
import {
  maxSilenceMsOf,
  drainTimeoutMs,
  degradedAction,
  readyTimeoutMs,
  temperatureOf,
} from './defaults.ts';
import { faultModel } from './fault-model.ts';
import type { ResolvedConfig, ResolvedMember, ResolvedPrime, ResolvedService } from './resolved.ts';
import { compileTraffic } from './traffic/kinds.ts';
import type { ParsedConfig, ParsedMember, ParsedService } from './schema.ts';

type CompileOptions = {
  /** Absolute path of the file. */
  readonly file: string;
  readonly baseDir: string;
  readonly hostname: string;
};

const API_SOCKET = 'agent.sock';

/** Compiles checked keys to the resolved configuration: all defaults set, all paths absolute. */
export function compileConfig(parsed: ParsedConfig, options: CompileOptions): ResolvedConfig {
  const host = parsed.agent.host ?? options.hostname;
  const services = Object.entries(parsed.services).map(([name, service]) =>
    compileService(name, service, { host, baseDir: options.baseDir }),
  );
  const stateDir = resolve(options.baseDir, parsed.agent.stateDir);
  return {
    agent: {
      host,
      stateDir,
      api: {
        ...parsed.agent.api,
        token: parsed.agent.token ?? null,
        socket: resolve(options.baseDir, parsed.agent.apiSocket ?? join(stateDir, API_SOCKET)),
      },
      store: { type: parsed.agent.store },
    },
    services,
    core: { host, services: services.map(({ core }) => core) },
    file: options.file,
    baseDir: options.baseDir,
  };
}

type Place = { readonly host: string; readonly baseDir: string };

function compileService(name: string, service: ParsedService, place: Place): ResolvedService {
  const traffic = compileTraffic(service.traffic, place.baseDir);
  const { abilities } = traffic;
  const members = Object.entries(service.members).map(([memberName, member]) =>
    compileMember(memberName, member, { ...place, abilities }),
  );
  const [probe] = probesOf(service.probe);
  assert(probe !== undefined, 'the rules let no service through without a probe');
  return {
    name,
    core: compileCore(name, service, members, abilities),
    traffic,
    members,
    probe,
    prime: compilePrime(service),
    ready: probesOf(service.ready ?? {})[0] ?? probe,
    objectives: {
      rtoMs: service.objectives.rto ?? null,
      rpoBytes: service.objectives.rpo ?? null,
      availability: service.objectives.availability ?? null,
    },
    faults: faultModel(service.faults),
  };
}

function compileMember(
  name: string,
  member: ParsedMember,
  place: Place & { readonly abilities: TrafficAbilities },
): ResolvedMember {
  return {
    name,
    host: member.host ?? place.host,
    address: member.address,
    port: member.port,
    command: member.command,
    temperature: temperatureOf(member, place.abilities),
    cpuShare: member.cpu ?? null,
    env: member.env,
    cwd: resolve(place.baseDir, member.cwd ?? '.'),
    user: member.user ?? null,
  };
}

/** null: no warm-up requests. */
function compilePrime({ prime, probe }: ParsedService): ResolvedPrime | null {
  const path = prime.http ?? probe.http;
  return path === undefined || prime.requests === 0 ? null : { path, requests: prime.requests };
}

function compileCore(
  name: string,
  service: ParsedService,
  members: readonly ResolvedMember[],
  traffic: TrafficAbilities,
): ServiceConfig {
  const { probe, takeover, failback, lease, restart, degraded } = service;
  // A plain process is only started and stopped: it has no roles and reports no position.
  const abilities = { promote: false, demote: false, rejoin: false, position: false };
  return {
    name,
    kind: service.kind,
    exclusive: service.exclusive,
    release: traffic.drains ? 'drain' : 'stop',
    abilities,
    members: members.map(({ name: memberName, host, temperature }) => ({
      name: memberName,
      host,
      temperature,
    })),
    detection: {
      intervalMs: probe.interval,
      timeoutMs: probe.timeout,
      maxSilenceMs: maxSilenceMsOf(probe),
      falseSuspicionEveryMs: probe.falseSuspicionEvery,
    },
    takeover: {
      p95Ms: takeover.maxP95 ?? null,
      lagBytes: abilities.position ? (takeover.maxLag ?? null) : null,
      maxRehearsalAgeMs: takeover.maxRehearsalAge ?? null,
      degraded: takeover.degraded,
      probationMs: takeover.probation,
      errorShare: takeover.maxErrorRate,
    },
    failback: {
      mode: failback.mode,
      afterMs: failback.after,
      maxFailovers: failback.maxFailovers,
      windowMs: failback.window,
    },
    lease: {
      durationMs: lease.ttl,
      renewIntervalMs: lease.renewInterval,
      marginMs: lease.safetyMargin,
    },
    primeMs: compilePrime(service) === null ? null : service.prime.timeout,
    restart: {
      backoffMs: restart.backoff,
      maxBackoffMs: restart.maxBackoff,
      resetAfterMs: restart.resetAfter,
    },
    degraded: { action: degradedAction(service), backoffMs: degraded.backoff },
    timeouts: compileTimeouts(service),
    mode: service.mode,
  };
}

function compileTimeouts(service: ParsedService): ServiceConfig['timeouts'] {
  const { timeouts } = service;
  return {
    startMs: timeouts.start,
    readyMs: readyTimeoutMs(service),
    stopMs: timeouts.stop,
    fenceMs: timeouts.fence,
    promoteMs: timeouts.promote,
    demoteMs: timeouts.demote,
    rejoinMs: timeouts.rejoin,
    drainMs: drainTimeoutMs(service),
    storeMs: timeouts.store,
    switchMs: timeouts.switch,
  };
}
