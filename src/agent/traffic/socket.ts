import type { ResolvedSocket } from '../../config/traffic/socket.ts';
import { activationPipePath } from '../../drivers/member/process/activation-pipe.ts';
import { resolveAccount } from '../../drivers/member/process/user.ts';
import { SocketDriver, socketsOf } from '../../drivers/traffic/socket.ts';
import type { ServiceVia, TrafficFactory } from './kind.ts';

type SocketService = ServiceVia<ResolvedSocket>;

export const SOCKET: TrafficFactory<ResolvedSocket> = {
  make: (service, { stateDir, socketHolder, targets, clientsOf, onEvent }) => {
    const { access } = service.traffic;
    return new SocketDriver({
      ...service.traffic,
      service: service.name,
      access: { ...access, owner: access.owner === null ? null : resolveAccount(access.owner) },
      activationPipes: activationPipesOf(service, stateDir),
      clientsOf,
      targets,
      socketHolder: async () => await socketHolder.open(),
      onEvent,
    });
  },
  socketKeys: ({ name, traffic, members }) => {
    const handed = members.flatMap((member) => socketsOf(name, traffic.listeners, member.name));
    return [...new Set(handed.map(({ key }) => key))];
  },
  inheritance: ({ name, traffic }, member, { stateDir, socketHolder }) => {
    const { listeners, backlog, blocking, accept } = traffic;
    return {
      handed: {
        sockets: socketsOf(name, listeners, member),
        blocking,
        activationPipe: accept === 'onActivate' ? activationPipePath(stateDir, name, member) : null,
        backlog,
      },
      sharedSockets: listeners.map(({ address }) => address),
      spawner: socketHolder,
    };
  },
  // The sockets are the socket holder's, which releases those that are not asked for.
  endFormer: async () => {},
};

/** The pipe that activates each member. */
function activationPipesOf({ name, traffic, members }: SocketService, stateDir: string) {
  const waiting = traffic.accept === 'onActivate' ? members : [];
  return new Map(
    waiting.map((member) => [member.name, activationPipePath(stateDir, name, member.name)]),
  );
}
