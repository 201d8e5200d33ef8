import { BYTES_PER_WRITE } from '../register.ts';
import type { TrueTime } from '../scheduler.ts';
import type { MakeChecker } from './contract.ts';

// No acknowledged write is lost beyond the RPO. With synchronous replication no write is lost. With asynchronous replication
// a new primary may lack the lag that the eligibility check allows, and what was acknowledged after the last measurement of
// its lag, whose age is limited when the promotion is issued.

type Acknowledged = { readonly write: number; readonly at: TrueTime };

export const durability: MakeChecker = (world, report) => {
  const acknowledged = new Map<string, Acknowledged[]>();
  const orderedAt = new Map<string, TrueTime>();
  return {
    rule: 'no acknowledged write is lost beyond the RPO',
    answered: (plane, reply, { operation }) => {
      if (operation.type !== 'write' || world.options.replication === null) return;
      const known = acknowledged.get(plane.service) ?? [];
      known.push({ write: operation.write, at: reply.at });
      acknowledged.set(plane.service, known);
    },
    stepped: (_agent, _event, _before, effects) => {
      for (const { type, service } of effects)
        if (type === 'promoteMember') orderedAt.set(service, world.scheduler.now);
    },
    promoted: (member) => {
      const service = world.options.services.find(({ members }) =>
        members.some(({ name }) => name === member.name),
      );
      if (service === undefined || member.copy === null) return;
      const known = acknowledged.get(service.name) ?? [];
      const has = new Set(member.copy.log);
      const lost = known.filter(({ write }) => !has.has(write));
      if (lost.length === 0) return;
      acknowledged.set(
        service.name,
        known.filter(({ write }) => has.has(write)),
      );
      if (world.options.replication === 'sync')
        return report(`${member.name} lacks ${lost.length} acknowledged writes`);
      const limit = (service.takeover.lagBytes ?? Number.POSITIVE_INFINITY) / BYTES_PER_WRITE;
      const { intervalMs, timeoutMs } = service.detection;
      const decidedAt = orderedAt.get(service.name) ?? 0;
      const newest = known.findLast(({ at }) => at <= decidedAt)?.at ?? 0;
      const measuredAt = newest - (intervalMs + timeoutMs) * 1000;
      const excess = lost.filter(({ at }) => at < measuredAt).length - limit;
      if (excess > 0) report(`${member.name} lacks ${excess} writes more than it may`);
    },
  };
};
