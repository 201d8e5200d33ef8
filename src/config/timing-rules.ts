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
    key('probe', 'maxSilence'),
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
        what: `maxSilence ${formatDuration(boundMs)} is below two intervals of ${formatDuration(probe.interval)}`,
        why: 'every single late answer would raise a suspicion',
        todo: `set maxSilence to ${formatDuration(2 * probe.interval)} or more, or shorten interval`,
      }),
    );
  }
  if (probe.falseSuspicionEvery <= 10 * boundMs) {
    faults.push(
      ruleFault('mistakesTooOften', [key('probe', 'falseSuspicionEvery'), ...boundKeys], {
        what: `falseSuspicionEvery ${formatDuration(probe.falseSuspicionEvery)} is not above ten times maxSilence, ${formatDuration(boundMs)}`,
        why: 'the detector would be allowed to be wrong most of the time',
        todo: 'set falseSuspicionEvery to 1h or more',
      }),
    );
  }
  const worstMs = hangProofMs(probe);
  if (objectives.rto !== undefined && worstMs >= objectives.rto) {
    faults.push(
      ruleFault('boundBeyondRto', [key('objectives', 'rto'), ...boundKeys], {
        what: `a hang alone takes up to ${formatDuration(worstMs)} to prove, but rto is ${formatDuration(objectives.rto)}`,
        why: 'a hang is suspected after maxSilence and confirmed by two probes of `timeout`, before anything is done',
        todo: `shorten probe.timeout and probe.interval, or set rto above ${formatDuration(worstMs)}`,
      }),
    );
  }
  if (takeover.maxP95 !== undefined && takeover.maxP95 > probe.timeout) {
    faults.push(
      ruleFault('p95BeyondTimeout', [key('takeover', 'maxP95'), key('probe', 'timeout')], {
        what: `maxP95 ${formatDuration(takeover.maxP95)} is above the probe's timeout ${formatDuration(probe.timeout)}`,
        why: 'a probe that slow has failed already, so this limit would never decide anything',
        todo: `set maxP95 to ${formatDuration(probe.timeout)} or less, or lengthen probe.timeout`,
      }),
    );
  }
  return faults;
}

function leaseRules({ lease, timeouts }: ParsedService, key: KeyOf): RuleFault[] {
  const faults: RuleFault[] = [];
  const usableMs = lease.ttl - lease.safetyMargin;
  const keys = [
    key('lease', 'renewInterval'),
    key('lease', 'ttl'),
    key('lease', 'safetyMargin'),
  ] as const;
  if (2 * lease.renewInterval >= usableMs) {
    faults.push(
      ruleFault('leaseRenewTooSlow', keys, {
        what: `two renewals of ${formatDuration(lease.renewInterval)} do not fit into ${formatDuration(lease.ttl)} less the safetyMargin ${formatDuration(lease.safetyMargin)}`,
        why: 'one renewal that fails would already cost the lease, and with it a healthy active',
        todo: `set renewInterval below ${formatDuration(Math.max(0, usableMs / 2))}, or lengthen ttl`,
      }),
    );
  }
  if (timeouts.store >= lease.renewInterval) {
    faults.push(
      ruleFault('leaseStoreTooSlow', [key('lease', 'renewInterval'), key('timeouts', 'store')], {
        what: `renewInterval ${formatDuration(lease.renewInterval)} is not above timeouts.store ${formatDuration(timeouts.store)}`,
        why: 'the next renewal would be due before the last one is given up',
        todo: 'set timeouts.store below lease.renewInterval',
      }),
    );
  }
  const marginMinMs = lease.ttl / 100;
  if (lease.safetyMargin < marginMinMs) {
    faults.push(
      ruleFault('leaseMarginTooThin', [key('lease', 'safetyMargin'), key('lease', 'ttl')], {
        what: `safetyMargin ${formatDuration(lease.safetyMargin)} is below 1% of ttl ${formatDuration(lease.ttl)}`,
        why: 'it must cover the drift between two hosts’ clocks, and the time to stop',
        todo: `set safetyMargin to ${formatDuration(Math.ceil(marginMinMs))} or more`,
      }),
    );
  }
  if (lease.safetyMargin > lease.ttl / 2) {
    faults.push(
      ruleFault('leaseMarginTooWide', [key('lease', 'safetyMargin'), key('lease', 'ttl')], {
        what: `safetyMargin ${formatDuration(lease.safetyMargin)} is more than half of ttl ${formatDuration(lease.ttl)}`,
        why: 'the holder would stop long before anyone may take over: an outage for nothing',
        todo: `set safetyMargin to ${formatDuration(lease.ttl / 2)} or less`,
      }),
    );
  }
  return faults;
}

function repairRules({ restart, failback }: ParsedService, key: KeyOf): RuleFault[] {
  const faults: RuleFault[] = [];
  if (restart.backoff > restart.maxBackoff) {
    faults.push(
      ruleFault('repairOrder', [key('restart', 'backoff'), key('restart', 'maxBackoff')], {
        what: `backoff ${formatDuration(restart.backoff)} is above maxBackoff ${formatDuration(restart.maxBackoff)}`,
        why: 'the pause grows from backoff to maxBackoff',
        todo: 'set backoff to maxBackoff or less',
      }),
    );
  }
  if (failback.mode === 'auto' && failback.after < restart.backoff) {
    faults.push(
      ruleFault('failbackBeforeRepair', [key('failback', 'after'), key('restart', 'backoff')], {
        what: `after ${formatDuration(failback.after)} is below restart.backoff ${formatDuration(restart.backoff)}`,
        why: 'traffic would go back before a second attempt at repair was even due',
        todo: `set after to ${formatDuration(restart.backoff)} or more`,
      }),
    );
  }
  if (failback.mode === 'auto' && failback.window < failback.maxFailovers * failback.after) {
    const keys = [
      key('failback', 'window'),
      key('failback', 'maxFailovers'),
      key('failback', 'after'),
    ] as const;
    faults.push(
      ruleFault('failbackUnlimited', keys, {
        what: `${failback.maxFailovers} failovers, ${formatDuration(failback.after)} apart, do not fit into window ${formatDuration(failback.window)}`,
        why: 'the limit could never be reached, so a flapping member would flap for ever',
        todo: `set window to ${formatDuration(failback.maxFailovers * failback.after)} or more`,
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
    key('lease', 'ttl'),
    key('lease', 'safetyMargin'),
    key('lease', 'renewInterval'),
  ] as const;
  return [
    ruleFault('drainBeyondLease', keys, {
      what: `drain ${formatDuration(drainMs)} is longer than the ${formatDuration(leftMs)} that are surely left of the lease`,
      why: 'a planned takeover does not extend the lease while it drains, so open requests would be cut at its end',
      todo: `set timeouts.drain to ${formatDuration(leftMs)} or less, or lengthen lease.ttl`,
    }),
  ];
}
