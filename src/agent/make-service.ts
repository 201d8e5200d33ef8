import { monotonicMs } from '../clock.ts';
import type { ResolvedMember, ResolvedService, ResolvedSocket } from '../config/resolved.ts';
import { assert, unreachable } from '../core/assert.ts';
import type { Event } from '../core/event.ts';
import { createKillFence } from '../drivers/fence/kill.ts';
import type { KeeperHandle } from '../drivers/keeper/handle.ts';
import { isUnix } from '../drivers/listen-address.ts';
import { goPipePath } from '../drivers/member/process/go-pipe.ts';
import { resolveAccount } from '../drivers/member/process/user.ts';
import { createProcessMember, type ProcessMemberOptions } from '../drivers/member/process.ts';
import { createHttpProbe } from '../drivers/probe/http.ts';
import type { ProbeTarget } from '../drivers/probe/spec.ts';
import { createProbe } from '../drivers/probe/factory.ts';
import type { LeaseStore } from '../drivers/store/contract.ts';
import type { TrafficDriver, TrafficEvent } from '../drivers/traffic/contract.ts';
import { ProxyDriver } from '../drivers/traffic/proxy.ts';
import { SocketDriver, socketsOf, type SocketOptions } from '../drivers/traffic/socket.ts';
import { LocalMember, type LocalMemberOptions } from './local-member.ts';
import { LocalService } from './local-service.ts';
import type { NoticeDraft } from './notices.ts';

// Which drivers a service of this configuration has.

const LOG_LIMITS = { bytes: 10 * 1024 * 1024, files: 3 };

export type ServiceParts = {
  readonly host: string;
  readonly stateDir: string;
  readonly store: LeaseStore;
  readonly keeper: KeeperHandle;
  readonly saveIncident: (id: number) => void;
  readonly onEvent: (event: Event) => void;
  readonly post: (draft: NoticeDraft) => void;
};

export function makeLocalService(service: ResolvedService, parts: ServiceParts): LocalService {
  const members = new Map(
    service.members.map((member) => [member.name, makeMember(service, member, parts)]),
  );
  const local: LocalService = new LocalService({
    ...parts,
    name: service.name,
    onCertificate: (data) => parts.post({ service: service.name, kind: 'certificate', data }),
    onProcess: (data) => parts.post({ service: service.name, kind: 'proxy', data }),
    leaseMs: service.core.lease.durationMs,
    onAcceptedEarly: (member) =>
      parts.post({ service: service.name, kind: 'acceptedEarly', data: { member } }),
    members,
    traffic: makeTraffic(service, {
      ...parts,
      clientsOf: (member) => members.get(member)?.driver.clients() ?? 0,
      onEvent: (event) => local.trafficEvent(event),
    }),
    now: monotonicMs,
  });
  return local;
}

/** What the keeper calls the sockets of a service. */
export function listeningKeys({ name, traffic, members }: ResolvedService): readonly string[] {
  if (traffic.via === 'proxy') return [name];
  const { listeners } = socketOf(traffic);
  const handed = members.flatMap((member) => socketsOf(name, listeners, member.name));
  return [...new Set(handed.map(({ key }) => key))];
}

function socketOf({ socket }: ResolvedService['traffic']): ResolvedSocket {
  assert(socket !== null, 'the configuration of via: socket is complete');
  return socket;
}

type TrafficParts = Pick<ServiceParts, 'stateDir' | 'keeper'> & {
  readonly clientsOf: (member: string) => number;
  readonly onEvent: (event: TrafficEvent) => void;
};

function makeTraffic(
  service: ResolvedService,
  { stateDir, keeper, clientsOf, onEvent }: TrafficParts,
): TrafficDriver | null {
  if (service.core.mode === 'observe') return null;
  const { traffic, members } = service;
  const targets = members.map(({ name, address, port }) => ({
    member: name,
    host: address,
    port,
  }));
  const shared = { targets, keeper: async () => await keeper.open(), onEvent };
  switch (traffic.via) {
    case 'proxy': {
      const { listen } = traffic;
      assert(!isUnix(listen), 'the configuration gives the proxy a TCP address');
      return new ProxyDriver({ service: service.name, ...traffic, listen, ...shared, stateDir });
    }
    case 'socket':
      return new SocketDriver({
        service: service.name,
        ...socketOptions(service, stateDir),
        clientsOf,
        ...shared,
      });
    default:
      return unreachable(traffic.via);
  }
}

function socketOptions(
  { name, traffic, members }: ResolvedService,
  stateDir: string,
): Pick<SocketOptions, 'listeners' | 'backlog' | 'access' | 'goPipes'> {
  const { listeners, backlog, access, accept } = socketOf(traffic);
  const waiting = accept === 'go' ? members : [];
  return {
    listeners,
    backlog,
    access: { ...access, owner: access.owner === null ? null : resolveAccount(access.owner) },
    goPipes: new Map(
      waiting.map((member) => [member.name, goPipePath(stateDir, name, member.name)]),
    ),
  };
}

function makePrime({ prime }: ResolvedService, target: ProbeTarget): LocalMemberOptions['prime'] {
  if (prime === null) return null;
  const { path, requests } = prime;
  return { probe: createHttpProbe({ target, path, expect: null }), requests };
}

/** What a member inherits; with a proxy nothing. */
function sharing(
  { name, traffic }: ResolvedService,
  member: string,
  { stateDir, keeper }: Pick<ServiceParts, 'stateDir' | 'keeper'>,
): Pick<ProcessMemberOptions, 'handed' | 'sharedSockets' | 'spawner'> {
  const { socket } = traffic;
  if (socket === null) return {};
  const { listeners, backlog, blocking, accept } = socket;
  return {
    handed: {
      sockets: socketsOf(name, listeners, member),
      blocking,
      goPipe: accept === 'go' ? goPipePath(stateDir, name, member) : null,
      backlog,
    },
    sharedSockets: listeners.map(({ address }) => address),
    spawner: keeper,
  };
}

function makeMember(
  service: ResolvedService,
  member: ResolvedMember,
  { stateDir, keeper, onEvent }: ServiceParts,
): LocalMember {
  const { link } = service.traffic;
  const target = { host: member.address, port: member.port, link };
  const { intervalMs, timeoutMs } = service.core.detection;
  return new LocalMember({
    service: service.name,
    member: member.name,
    intervalMs,
    timeoutMs,
    makeDriver: (news) =>
      createProcessMember({
        ...member,
        ...sharing(service, member.name, { stateDir, keeper }),
        service: service.name,
        member: member.name,
        reducedCpuShare: member.cpuShare,
        stateDir,
        logLimits: LOG_LIMITS,
        ...news,
      }),
    makeFence: createKillFence,
    probe: createProbe(service.probe, target, member.env),
    ready: createProbe(service.ready, target, member.env),
    prime: makePrime(service, target),
    now: monotonicMs,
    onEvent,
  });
}
