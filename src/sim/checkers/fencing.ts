import type { Simulation } from '../simulation.ts';
import type { MakeChecker } from './contract.ts';

// Fence before promote: when a member of an exclusive service becomes primary, or the target of its host's data plane, no
// other member of that host may be primary, or the former target and running. The lease keeps clients away from members of
// other hosts; single-active.ts checks that.

export const fencing: MakeChecker = (world, report) => ({
  rule: 'fenced before promoted',
  promoted: (member) => {
    const service = serviceOf(world, member.name);
    if (service?.exclusive !== true) return;
    for (const other of world.members) {
      const isOther = other !== member && other.host === member.host;
      if (!isOther || serviceOf(world, other.name) !== service || other.copy === null) continue;
      if (other.serves && wasActive(world, other.name))
        report(`${member.name} was promoted while ${other.name} was primary and alive`);
    }
  },
  routed: (plane, before) => {
    const service = world.options.services.find(({ name }) => name === plane.service);
    const next = plane.route?.active ?? null;
    const former = before?.active ?? null;
    if (service?.exclusive !== true || next === null || former === null || former === next) return;
    const old = world.members.find(({ name }) => name === former);
    if (old?.serves === true) report(`${next} is routed to while ${former} lives`);
  },
});

function serviceOf(
  world: Simulation,
  member: string,
): Simulation['options']['services'][number] | undefined {
  return world.options.services.find(({ members }) => members.some(({ name }) => name === member));
}

/** Whether it was the target of the newest route with a target. */
function wasActive(world: Simulation, member: string): boolean {
  return world.planes.some((plane) => plane.route?.active === member);
}
