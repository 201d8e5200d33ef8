import { monotonicMs } from '../clock.ts';
import type { ResolvedMember, ResolvedService } from '../config/resolved.ts';
import type { Event } from '../core/event.ts';
import { createKillFence } from '../drivers/fence/kill.ts';
import type { SocketHolderHandle } from '../drivers/socket-holder/handle.ts';
import { createProcessMember } from '../drivers/member/process.ts';
import { createHttpProbe } from '../drivers/probe/http.ts';
import type { ProbeTarget } from '../drivers/probe/spec.ts';
import { createProbe } from '../drivers/probe/factory.ts';
import { LocalMember, type LocalMemberOptions } from './local-member.ts';
import { LocalService } from './local-service.ts';
import type { AgentEventDraft } from './event-stream.ts';
import { inheritanceOf, makeTraffic } from './traffic/kinds.ts';

// Which drivers a service of this configuration has.

const LOG_LIMITS = { bytes: 10 * 1024 * 1024, files: 3 };

type ServiceParts = {
  readonly stateDir: string;
  readonly socketHolder: SocketHolderHandle;
  readonly saveIncident: (id: number) => void;
  readonly onEvent: (event: Event) => void;
  readonly post: (draft: AgentEventDraft) => void;
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

function makePrime({ prime }: ResolvedService, target: ProbeTarget): LocalMemberOptions['prime'] {
  if (prime === null) return null;
  const { path, requests } = prime;
  return { probe: createHttpProbe({ target, path, expect: null }), requests };
}

function makeMember(
  service: ResolvedService,
  member: ResolvedMember,
  { stateDir, socketHolder, onEvent }: ServiceParts,
): LocalMember {
  const { transport } = service.traffic;
  const target = { host: member.address, port: member.port, transport };
  const { intervalMs, timeoutMs } = service.core.detection;
  return new LocalMember({
    service: service.name,
    member: member.name,
    intervalMs,
    timeoutMs,
    makeDriver: (news) =>
      createProcessMember({
        ...member,
        ...inheritanceOf(service, member.name, { stateDir, socketHolder }),
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
