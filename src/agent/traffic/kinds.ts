import type { ResolvedService } from '../../config/resolved.ts';
import type { ResolvedTraffic, Via } from '../../config/traffic/kinds.ts';
import { SocketHolderClient } from '../../drivers/socket-holder/client.ts';
import type { SocketHolderHandle } from '../../drivers/socket-holder/handle.ts';
import type { TrafficDriver } from '../../drivers/traffic/contract.ts';
import type { Inheritance, TrafficFactory, TrafficParts } from './kind.ts';
import { PROXY } from './proxy.ts';
import { SOCKET } from './socket.ts';

// Which driver a service's clients reach the active member by: the one place where the agent tells them apart.

type TrafficVia<V extends Via> = Extract<ResolvedTraffic, { readonly via: V }>;

const KINDS: { readonly [V in Via]: TrafficFactory<TrafficVia<V>> } = {
  proxy: PROXY,
  socket: SOCKET,
};

function kindOf<V extends Via>(via: V): TrafficFactory<TrafficVia<V>> {
  return KINDS[via];
}

/** null: observe-only, where another manager serves the clients. */
export function makeTraffic(
  service: ResolvedService,
  parts: Omit<TrafficParts, 'targets'>,
): TrafficDriver | null {
  if (service.core.mode === 'observe') return null;
  const targets = service.members.map(({ name, address, port }) => ({
    member: name,
    host: address,
    port,
  }));
  return kindOf(service.traffic.via).make(service, { ...parts, targets });
}

export function inheritanceOf(
  service: ResolvedService,
  member: string,
  parts: Pick<TrafficParts, 'stateDir' | 'socketHolder'>,
): Inheritance {
  return kindOf(service.traffic.via).inheritance(service, member, parts);
}

/** Lets go of what a former configuration listened on, and this one does not. */
export async function releaseFormer(
  services: readonly ResolvedService[],
  {
    stateDir,
    socketHolder,
  }: { readonly stateDir: string; readonly socketHolder: SocketHolderHandle },
): Promise<void> {
  const acting = services.filter(({ core }) => core.mode === 'manage');
  for (const [via, { endFormer }] of Object.entries(KINDS)) {
    const present = acting.filter(({ traffic }) => traffic.via === via);
    await endFormer(
      stateDir,
      present.map(({ name }) => name),
    );
  }
  if (acting.length === 0) return await SocketHolderClient.discard(stateDir);
  const keys = acting.flatMap((service) => kindOf(service.traffic.via).socketKeys(service));
  await (await socketHolder.open()).retain(keys);
}
