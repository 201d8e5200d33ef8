import type { ServiceConfig } from '../../core/config.ts';
import type { DataPlane } from '../data-plane.ts';
import type { TrueTime } from '../scheduler.ts';
import type { Simulation } from '../simulation.ts';
import type { MakeChecker } from './contract.ts';

// Two members of an exclusive service never both accept writes from clients. A member counts from the instant at which a
// data plane would forward to it, even without a request; a response counts at the instant at which the member sent it, so
// one that was sent before the other member began is harmless.

type Reign = { readonly member: string; readonly since: TrueTime };

export const singleActive: MakeChecker = (world, report) => {
  const reigns = new Map<string, Reign>();
  const look = (): void => {
    for (const service of world.options.services) {
      if (!service.exclusive) continue;
      const able = ableMembers(world, service);
      if (able.length > 1) report(`${able.join(' and ')} of ${service.name} can both take writes`);
      const [member] = able;
      if (member !== undefined && reigns.get(service.name)?.member !== member)
        reigns.set(service.name, { member, since: world.scheduler.now });
    }
  };
  return {
    rule: 'never two actives',
    stepped: look,
    routed: look,
    promoted: look,
    answered: (plane, reply) => {
      look();
      const reign = reigns.get(plane.service);
      if (reign !== undefined && reign.member !== reply.member && reply.at > reign.since)
        report(`${reply.member} answered after ${reign.member} had become the active`);
    },
  };
};

function ableMembers(world: Simulation, service: ServiceConfig): readonly string[] {
  const able: string[] = [];
  for (const plane of world.planes) {
    const member = plane.service === service.name ? reachedBy(world, plane) : undefined;
    if (member !== undefined && member.serves && !able.includes(member.name))
      able.push(member.name);
  }
  return able;
}

function reachedBy(world: Simulation, plane: DataPlane): Simulation['members'][number] | undefined {
  const { aim } = plane;
  if (aim === null || plane.host.paused) return undefined;
  return world.members.find(({ name }) => name === aim);
}
