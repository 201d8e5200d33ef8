import { drainLeaseMs, drainTimeoutMs } from './defaults.ts';
import type { ConfigPath } from './faults.ts';
import { type RuleFault, ruleFault } from './rule-fault.ts';
import type { ParsedService } from './schema.ts';
import { formatDuration } from './units.ts';

// How the durations of the lease must fit together, and with a drain.

export function leaseRules(service: ParsedService, at: ConfigPath): RuleFault[] {
  const key: KeyOf = (...keys) => [...at, ...keys];
  return [
    ...renewRule(service, key),
    ...storeRule(service, key),
    ...marginRules(service, key),
    ...drainRule(service, key),
  ];
}

type KeyOf = (...keys: string[]) => ConfigPath;

function renewRule({ lease }: ParsedService, key: KeyOf): RuleFault[] {
  const usableMs = lease.ttl - lease.safetyMargin;
  if (2 * lease.renewInterval < usableMs) return [];
  const keys = [
    key('lease', 'renewInterval'),
    key('lease', 'ttl'),
    key('lease', 'safetyMargin'),
  ] as const;
  return [
    ruleFault('leaseRenewTooSlow', keys, {
      message: {
        en: `two renewals of ${formatDuration(lease.renewInterval)} do not fit into ${formatDuration(lease.ttl)} minus the safety margin ${formatDuration(lease.safetyMargin)}`,
        zh: `${formatDuration(lease.ttl)} 减去余量 ${formatDuration(lease.safetyMargin)}，容不下两次间隔 ${formatDuration(lease.renewInterval)} 的续约`,
      },
      reason: {
        en: 'one failed renewal would lose the lease and force a needless failover',
        zh: '一次续约失败就会失去租约，造成不必要的故障切换',
      },
      hint: {
        en: `set renewInterval below ${formatDuration(Math.max(0, usableMs / 2))}, or raise ttl`,
        zh: `把 renewInterval 设为小于 ${formatDuration(Math.max(0, usableMs / 2))}，或延长 ttl`,
      },
    }),
  ];
}

function storeRule({ lease, timeouts }: ParsedService, key: KeyOf): RuleFault[] {
  if (timeouts.store < lease.renewInterval) return [];
  return [
    ruleFault('leaseStoreTooSlow', [key('lease', 'renewInterval'), key('timeouts', 'store')], {
      message: {
        en: `renewInterval ${formatDuration(lease.renewInterval)} is not more than timeouts.store (${formatDuration(timeouts.store)})`,
        zh: `renewInterval ${formatDuration(lease.renewInterval)} 不大于 timeouts.store（${formatDuration(timeouts.store)}）`,
      },
      reason: {
        en: 'the next renewal would be due before the last one has timed out',
        zh: '前一次续约尚未超时，后一次就已到期',
      },
      hint: {
        en: 'set timeouts.store below lease.renewInterval',
        zh: '把 timeouts.store 设为小于 lease.renewInterval',
      },
    }),
  ];
}

function marginRules({ lease }: ParsedService, key: KeyOf): RuleFault[] {
  const minMs = lease.ttl / 100;
  const keys = [key('lease', 'safetyMargin'), key('lease', 'ttl')] as const;
  if (lease.safetyMargin < minMs) {
    return [
      ruleFault('leaseMarginTooThin', keys, {
        message: {
          en: `safetyMargin ${formatDuration(lease.safetyMargin)} is less than 1% of ttl ${formatDuration(lease.ttl)}`,
          zh: `safetyMargin ${formatDuration(lease.safetyMargin)} 小于 ttl（${formatDuration(lease.ttl)}）的 1%`,
        },
        reason: {
          en: 'the margin must cover the clock drift between two hosts and the time to stop',
          zh: '余量须覆盖两台主机的时钟漂移和停止所需的时间',
        },
        hint: {
          en: `set safetyMargin to ${formatDuration(Math.ceil(minMs))} or more`,
          zh: `把 safetyMargin 设为 ${formatDuration(Math.ceil(minMs))} 或更长`,
        },
      }),
    ];
  }
  if (lease.safetyMargin <= lease.ttl / 2) return [];
  return [
    ruleFault('leaseMarginTooWide', keys, {
      message: {
        en: `safetyMargin ${formatDuration(lease.safetyMargin)} is more than half of ttl ${formatDuration(lease.ttl)}`,
        zh: `safetyMargin ${formatDuration(lease.safetyMargin)} 超过 ttl（${formatDuration(lease.ttl)}）的一半`,
      },
      reason: {
        en: 'the holder would stop long before another host can take over: an unnecessary outage',
        zh: '其他主机能够接管之前很久，持有者就已停止，造成不必要的中断',
      },
      hint: {
        en: `set safetyMargin to ${formatDuration(lease.ttl / 2)} or less`,
        zh: `把 safetyMargin 设为 ${formatDuration(lease.ttl / 2)} 或更短`,
      },
    }),
  ];
}

/** The data plane gets the lease expiry before the drain begins, in the worst case just before a renewal is due. */
function drainRule(service: ParsedService, key: KeyOf): RuleFault[] {
  const leftMs = drainLeaseMs(service);
  const drainMs = drainTimeoutMs(service);
  // An inconsistent lease has its own error.
  if (!service.exclusive || leftMs <= 0 || drainMs <= leftMs) return [];
  const keys = [
    key('timeouts', 'drain'),
    key('lease', 'ttl'),
    key('lease', 'safetyMargin'),
    key('lease', 'renewInterval'),
  ] as const;
  return [
    ruleFault('drainBeyondLease', keys, {
      message: {
        en: `drain ${formatDuration(drainMs)} is longer than the guaranteed rest of the lease (${formatDuration(leftMs)})`,
        zh: `drain ${formatDuration(drainMs)} 长于租约确保的剩余时间（${formatDuration(leftMs)}）`,
      },
      reason: {
        en: 'a drain does not extend the lease, so in-flight requests would be cut when it expires',
        zh: '排空不会延长租约，租约到期时进行中的请求会被切断',
      },
      hint: {
        en: `set timeouts.drain to ${formatDuration(leftMs)} or less, or raise lease.ttl`,
        zh: `把 timeouts.drain 设为 ${formatDuration(leftMs)} 或更短，或延长 lease.ttl`,
      },
    }),
  ];
}
