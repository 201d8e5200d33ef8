import type { Simulation } from '../simulation.ts';
import type { MakeChecker } from './contract.ts';

// Fenced before promoted: when a member of an exclusive service becomes primary, or the one that its host's data plane
// forwards to, no other member of that host may be primary, or the former target and alive. A member of another host is
// kept from clients by its lease, which single-active.ts watches.

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

/** A data plane's newest route that named anybody named it. */
function wasActive(world: Simulation, member: string): boolean {
  return world.planes.some((plane) => plane.route?.active === member);
}
