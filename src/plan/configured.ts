import { maxSilenceMsOf, degradedAction, temperatureOf } from '../config/defaults.ts';
import type { ParsedService } from '../config/schema.ts';
import { trafficAbilities } from '../config/traffic/kinds.ts';
import { type Design, groupsOf } from '../model/plan/design-space.ts';

/** The scheme that a service is configured with, for formulas: with its own timing in place of a named one. */
export function configuredDesign(service: ParsedService, ownHost: string): Design {
  const { members, probe, lease, failback, takeover } = service;
  const abilities = trafficAbilities(service.traffic);
  const all = Object.values(members);
  const hosts = new Set(all.map(({ host }) => host ?? ownHost));
  return {
    standbys: groupsOf(all.slice(1).map((member) => temperatureOf(member, abilities))),
    hosts: hosts.size,
    zones: 1,
    detection: 'standard',
    timing: {
      intervalMs: probe.interval,
      timeoutMs: probe.timeout,
      maxSilenceMs: maxSilenceMsOf(probe),
      lease: {
        durationMs: lease.ttl,
        renewIntervalMs: lease.renewInterval,
        marginMs: lease.safetyMargin,
      },
    },
    failback: failback.mode === 'auto' ? 'auto' : 'never',
    rehearsedMs: takeover.maxRehearsalAge ?? null,
    replication: 'none',
    degraded: degradedAction(service),
  };
}
