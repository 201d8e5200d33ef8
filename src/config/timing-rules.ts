import { detectionBoundMs, drainLeaseMs, drainTimeoutMs, hangProofMs } from './defaults.ts';
import type { ConfigPath } from './faults.ts';
import { type RuleFault, ruleFault } from './rule-fault.ts';
import type { ParsedService } from './schema.ts';
import { formatDuration } from './units.ts';

// Durations and bounds of one service that must fit together. Other managers adjust such values silently
// or let them through; here they are refused with the reason.

export function timingRules(service: ParsedService, at: ConfigPath): RuleFault[] {
  const key: KeyOf = (...keys) => [...at, ...keys];
  return [
    ...detectionRules(service, key),
    ...leaseRules(service, key),
    ...repairRules(service, key),
    ...drainLeaseRule(service, key),
  ];
}

type KeyOf = (...keys: string[]) => ConfigPath;

/** More probes than this never wait at once for one member. */
const PROBES_WAITING_MAX = 20;

function detectionRules({ probe, takeover, objectives }: ParsedService, key: KeyOf): RuleFault[] {
  const faults: RuleFault[] = [];
  const boundMs = detectionBoundMs(probe);
  const boundKeys = [
    key('probe', 'bound'),
    key('probe', 'timeout'),
    key('probe', 'interval'),
  ] as const;
  if (probe.timeout > PROBES_WAITING_MAX * probe.interval) {
    faults.push(
      ruleFault('probeTimeoutTooLong', [key('probe', 'timeout'), key('probe', 'interval')], {
        what: `timeout ${formatDuration(probe.timeout)} is more than ${PROBES_WAITING_MAX} intervals of ${formatDuration(probe.interval)}`,
        why: 'probes of a hung member would pile up',
        todo: `set interval to ${formatDuration(Math.ceil(probe.timeout / PROBES_WAITING_MAX))} or more, or shorten timeout`,
      }),
    );
  }
  if (boundMs < 2 * probe.interval) {
    faults.push(
      ruleFault('boundTooLow', boundKeys, {
        what: `bound ${formatDuration(boundMs)} is below two intervals of ${formatDuration(probe.interval)}`,
        why: 'every single late answer would raise a suspicion',
        todo: `set bound to ${formatDuration(2 * probe.interval)} or more, or shorten interval`,
      }),
    );
  }
  if (probe.mistakes <= 10 * boundMs) {
    faults.push(
      ruleFault('mistakesTooOften', [key('probe', 'mistakes'), ...boundKeys], {
        what: `mistakes ${formatDuration(probe.mistakes)} is not above ten times the bound ${formatDuration(boundMs)}`,
        why: 'the detector would be allowed to be wrong most of the time',
        todo: 'set mistakes to 1h or more',
      }),
    );
  }
  const worstMs = hangProofMs(probe);
  if (objectives.rto !== undefined && worstMs >= objectives.rto) {
    faults.push(
      ruleFault('boundBeyondRto', [key('objectives', 'rto'), ...boundKeys], {
        what: `a hang alone takes up to ${formatDuration(worstMs)} to prove, but rto is ${formatDuration(objectives.rto)}`,
        why: 'a hang is suspected by the bound and proved by two probes of `timeout`, before anything is done',
        todo: `shorten probe.timeout and probe.interval, or set rto above ${formatDuration(worstMs)}`,
      }),
    );
  }
  if (takeover.p95 !== undefined && takeover.p95 > probe.timeout) {
    faults.push(
      ruleFault('p95BeyondTimeout', [key('takeover', 'p95'), key('probe', 'timeout')], {
        what: `p95 ${formatDuration(takeover.p95)} is above the probe's timeout ${formatDuration(probe.timeout)}`,
        why: 'a probe that slow has failed already, so this limit would never decide anything',
        todo: `set p95 to ${formatDuration(probe.timeout)} or less, or lengthen probe.timeout`,
      }),
    );
  }
  return faults;
}

function leaseRules({ lease, timeouts }: ParsedService, key: KeyOf): RuleFault[] {
  const faults: RuleFault[] = [];
  const usableMs = lease.duration - lease.margin;
  const keys = [key('lease', 'renew'), key('lease', 'duration'), key('lease', 'margin')] as const;
  if (2 * lease.renew >= usableMs) {
    faults.push(
      ruleFault('leaseRenewTooSlow', keys, {
        what: `two renewals of ${formatDuration(lease.renew)} do not fit into ${formatDuration(lease.duration)} less the margin ${formatDuration(lease.margin)}`,
        why: 'one renewal that fails would already cost the lease, and with it a healthy active',
        todo: `set renew below ${formatDuration(Math.max(0, usableMs / 2))}, or lengthen duration`,
      }),
    );
  }
  if (timeouts.store >= lease.renew) {
    faults.push(
      ruleFault('leaseStoreTooSlow', [key('lease', 'renew'), key('timeouts', 'store')], {
        what: `renew ${formatDuration(lease.renew)} is not above timeouts.store ${formatDuration(timeouts.store)}`,
        why: 'the next renewal would be due before the last one is given up',
        todo: 'set timeouts.store below lease.renew',
      }),
    );
  }
  const marginMinMs = lease.duration / 100;
  if (lease.margin < marginMinMs) {
    faults.push(
      ruleFault('leaseMarginTooThin', [key('lease', 'margin'), key('lease', 'duration')], {
        what: `margin ${formatDuration(lease.margin)} is below 1% of duration ${formatDuration(lease.duration)}`,
        why: 'it must cover the drift between two hosts’ clocks, and the time to stop',
        todo: `set margin to ${formatDuration(Math.ceil(marginMinMs))} or more`,
      }),
    );
  }
  if (lease.margin > lease.duration / 2) {
    faults.push(
      ruleFault('leaseMarginTooWide', [key('lease', 'margin'), key('lease', 'duration')], {
        what: `margin ${formatDuration(lease.margin)} is more than half of duration ${formatDuration(lease.duration)}`,
        why: 'the holder would stop long before anyone may take over: an outage for nothing',
        todo: `set margin to ${formatDuration(lease.duration / 2)} or less`,
      }),
    );
  }
  return faults;
}

function repairRules({ repair, failback }: ParsedService, key: KeyOf): RuleFault[] {
  const faults: RuleFault[] = [];
  if (repair.base > repair.max) {
    faults.push(
      ruleFault('repairOrder', [key('repair', 'base'), key('repair', 'max')], {
        what: `base ${formatDuration(repair.base)} is above max ${formatDuration(repair.max)}`,
        why: 'the pause grows from base to max',
        todo: 'set base to max or less',
      }),
    );
  }
  if (failback.mode === 'auto' && failback.after < repair.base) {
    faults.push(
      ruleFault('failbackBeforeRepair', [key('failback', 'after'), key('repair', 'base')], {
        what: `after ${formatDuration(failback.after)} is below repair.base ${formatDuration(repair.base)}`,
        why: 'traffic would go back before a second attempt at repair was even due',
        todo: `set after to ${formatDuration(repair.base)} or more`,
      }),
    );
  }
  if (failback.mode === 'auto' && failback.window < failback.limit * failback.after) {
    const keys = [
      key('failback', 'window'),
      key('failback', 'limit'),
      key('failback', 'after'),
    ] as const;
    faults.push(
      ruleFault('failbackUnlimited', keys, {
        what: `${failback.limit} failbacks, ${formatDuration(failback.after)} apart, do not fit into window ${formatDuration(failback.window)}`,
        why: 'the limit could never be reached, so a flapping member would flap for ever',
        todo: `set window to ${formatDuration(failback.limit * failback.after)} or more`,
      }),
    );
  }
  return faults;
}

/** The data plane is told the lease's end before the drain begins, at worst just before a renewal was due. */
function drainLeaseRule(service: ParsedService, key: KeyOf): RuleFault[] {
  const leftMs = drainLeaseMs(service);
  const drainMs = drainTimeoutMs(service);
  // A lease that does not fit together has its own fault.
  if (!service.exclusive || leftMs <= 0 || drainMs <= leftMs) return [];
  const keys = [
    key('timeouts', 'drain'),
    key('lease', 'duration'),
    key('lease', 'margin'),
    key('lease', 'renew'),
  ] as const;
  return [
    ruleFault('drainBeyondLease', keys, {
      what: `drain ${formatDuration(drainMs)} is longer than the ${formatDuration(leftMs)} that are surely left of the lease`,
      why: 'a planned takeover does not extend the lease while it drains, so open requests would be cut at its end',
      todo: `set timeouts.drain to ${formatDuration(leftMs)} or less, or lengthen lease.duration`,
    }),
  ];
}
