import type { ResolvedSocket } from '../../config/traffic/socket.ts';
import { goPipePath } from '../../drivers/member/process/go-pipe.ts';
import { resolveAccount } from '../../drivers/member/process/user.ts';
import { SocketDriver, socketsOf } from '../../drivers/traffic/socket.ts';
import type { ServiceVia, TrafficFactory } from './kind.ts';

type SocketService = ServiceVia<ResolvedSocket>;

export const SOCKET: TrafficFactory<ResolvedSocket> = {
  make: (service, { stateDir, keeper, targets, clientsOf, onEvent }) => {
    const { access } = service.traffic;
    return new SocketDriver({
      ...service.traffic,
      service: service.name,
      access: { ...access, owner: access.owner === null ? null : resolveAccount(access.owner) },
      goPipes: goPipesOf(service, stateDir),
      clientsOf,
      targets,
      keeper: async () => await keeper.open(),
      onEvent,
    });
  },
  keeperKeys: ({ name, traffic, members }) => {
    const handed = members.flatMap((member) => socketsOf(name, traffic.listeners, member.name));
    return [...new Set(handed.map(({ key }) => key))];
  },
  inheritance: ({ name, traffic }, member, { stateDir, keeper }) => {
    const { listeners, backlog, blocking, accept } = traffic;
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
  },
  // The sockets are the keeper's, which lets go of those that nobody asks for.
  endFormer: async () => {},
};

/** Where each member is told to accept. */
function goPipesOf({ name, traffic, members }: SocketService, stateDir: string) {
  const waiting = traffic.accept === 'go' ? members : [];
  return new Map(waiting.map((member) => [member.name, goPipePath(stateDir, name, member.name)]));
}
