import { unreachable } from '../core/assert.ts';
import type { Effect } from '../core/effect.ts';
import type { AgentState, MemberState, Phase, ServiceState } from '../core/state.ts';

// Whether only routine work is pending in a controller: its next own action is then at its next turning point.

const PHASES: readonly Phase[] = ['steady', 'observing', 'down'];

/** isStarting: whether a started member is certainly not ready yet. */
export function isIdle(state: AgentState, isStarting: (member: string) => boolean): boolean {
  const { observer, polling, services } = state;
  return (
    polling === null &&
    observer.score === 0 &&
    observer.allLateSince === null &&
    services.every((service) => isServiceIdle(service, isStarting))
  );
}

function isServiceIdle(
  { phase, operation, pending, members }: ServiceState,
  isStarting: (member: string) => boolean,
): boolean {
  return (
    PHASES.includes(phase) &&
    operation === null &&
    pending.every(({ type }) => type === 'awaitReady') &&
    members.every((member) => isSettled(member, isStarting))
  );
}

function isSettled(
  { name, lifecycle, detector, rehearsingSince }: MemberState,
  isStarting: (member: string) => boolean,
): boolean {
  switch (lifecycle) {
    case 'running':
      return rehearsingSince === null && detector.confirm === null && detector.health !== 'suspect';
    case 'starting':
      return isStarting(name);
    case 'frozen':
    case 'absent':
      return true;
    case 'freezing':
    case 'thawing':
    case 'stopping':
      return false;
    default:
      return unreachable(lifecycle);
  }
}

/** A renewal of the lease, and the same route with its new expiry. */
export function isRoutine(effect: Effect, before: AgentState): boolean {
  if (effect.type === 'renewLease') return true;
  if (effect.type !== 'switchTraffic') return false;
  const { active, suspects } = effect.route;
  return suspects.length === 0 && before.services[0]?.route?.active === active;
}
