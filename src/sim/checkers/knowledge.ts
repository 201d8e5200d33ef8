import type { LeaseRecord } from '../../core/effect.ts';
import type { TrueTime } from '../scheduler.ts';
import { isTimely, type MakeChecker } from './contract.ts';

// After faults have stopped, each agent knows every lease as it is in the store, or was a few seconds ago; also an agent that
// lost its watch, because agents poll.

/** A poll, with one retransmission of request and response. */
const BEHIND_US = 5_000_000;

type Change = { readonly at: TrueTime; readonly record: LeaseRecord };

export const leaseKnown: MakeChecker = (world, report) => {
  const changes = new Map<string, Change[]>();
  let since: TrueTime | null = null;
  return {
    rule: 'every agent knows the lease',
    healing: () => (since = world.scheduler.now),
    leased: (service, record) => {
      const at = world.scheduler.now;
      const known = changes.get(service) ?? [];
      const newest = known.findLastIndex((change) => change.at <= at - BEHIND_US);
      changes.set(service, [...known.slice(Math.max(0, newest)), { at, record }]);
    },
    stepped: (agent, event) => {
      if (!isTimely(event) || since === null) return;
      const until = world.scheduler.now - BEHIND_US;
      if (until < since) return;
      for (const { name, lease } of agent.state.services) {
        const told = changes.get(name)?.findLast(({ at }) => at <= until)?.record;
        if (told !== undefined && isBehind(lease.record, told))
          report(`${agent.host.name} does not know epoch ${told.epoch}, renewal ${told.renewal}`);
      }
    },
  };
};

function isBehind(known: LeaseRecord | null, told: LeaseRecord): boolean {
  if (known === null || known.epoch < told.epoch) return true;
  return known.epoch === told.epoch && known.renewal < told.renewal;
}
