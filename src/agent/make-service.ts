import { monotonicMs } from '../clock.ts';
import type { ResolvedMember, ResolvedService } from '../config/resolved.ts';
import { unreachable } from '../core/assert.ts';
import type { Event } from '../core/event.ts';
import { createKillFence } from '../drivers/fence/kill.ts';
import type { KeeperHandle } from '../drivers/keeper/handle.ts';
import { createProcessMember } from '../drivers/member/process.ts';
import { createProbe } from '../drivers/probe/factory.ts';
import type { LeaseStore } from '../drivers/store/contract.ts';
import type { TrafficDriver, TrafficEvent } from '../drivers/traffic/contract.ts';
import { ProxyDriver } from '../drivers/traffic/proxy.ts';
import { SocketDriver, socketsOf } from '../drivers/traffic/socket.ts';
import { LocalMember } from './local-member.ts';
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
  const local: LocalService = new LocalService({
    ...parts,
    name: service.name,
    onCertificate: (data) => parts.post({ service: service.name, kind: 'certificate', data }),
    leaseMs: service.core.lease.durationMs,
    members: new Map(
      service.members.map((member) => [member.name, makeMember(service, member, parts)]),
    ),
    traffic: makeTraffic(service, parts, (event) => local.trafficEvent(event)),
    now: monotonicMs,
  });
  return local;
}

function makeTraffic(
  service: ResolvedService,
  { stateDir, keeper }: ServiceParts,
  onEvent: (event: TrafficEvent) => void,
): TrafficDriver | null {
  if (service.core.mode === 'observe') return null;
  const { traffic, members } = service;
  const targets = members.map(({ name, address, port }) => ({
    member: name,
    host: address,
    port,
  }));
  switch (traffic.via) {
    case 'proxy':
      return new ProxyDriver({ service: service.name, ...traffic, targets, stateDir, onEvent });
    case 'socket':
      return new SocketDriver({
        service: service.name,
        listen: traffic.listen,
        targets,
        keeper: async () => await keeper.open(),
        onEvent,
      });
    default:
      return unreachable(traffic.via);
  }
}

function makeMember(
  service: ResolvedService,
  member: ResolvedMember,
  { stateDir, keeper, onEvent }: ServiceParts,
): LocalMember {
  const { via, listen, link } = service.traffic;
  const target = { host: member.address, port: member.port, link };
  const { intervalMs, timeoutMs } = service.core.detection;
  const shared =
    via === 'socket'
      ? {
          sockets: socketsOf(service.name, member.name),
          clientPort: listen.port,
          spawner: keeper,
        }
      : {};
  return new LocalMember({
    service: service.name,
    member: member.name,
    intervalMs,
    timeoutMs,
    makeDriver: (news) =>
      createProcessMember({
        ...member,
        ...shared,
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
    now: monotonicMs,
    onEvent,
  });
}
