import { maxSilenceMsOf, hangProofMs } from './defaults.ts';
import type { ConfigPath } from './faults.ts';
import { type RuleFault, ruleFault } from './rule-fault.ts';
import type { ParsedService } from './schema.ts';
import { formatDuration } from './units.ts';

// Durations and limits of one service that must fit together. Other tools adjust such values silently or ignore
// the conflict; hotwarm rejects them and gives the reason.

export function timingRules(service: ParsedService, at: ConfigPath): RuleFault[] {
  const key: KeyOf = (...keys) => [...at, ...keys];
  return [...detectionRules(service, key), ...repairRules(service, key)];
}

type KeyOf = (...keys: string[]) => ConfigPath;

/** Limit of concurrent probes of one member. */
const PROBES_WAITING_MAX = 20;

function detectionRules(service: ParsedService, key: KeyOf): RuleFault[] {
  return [
    ...probeTimeoutRule(service, key),
    ...boundRule(service, key),
    ...mistakesRule(service, key),
    ...rtoRule(service, key),
    ...latencyRule(service, key),
  ];
}

function probeTimeoutRule({ probe }: ParsedService, key: KeyOf): RuleFault[] {
  if (probe.timeout <= PROBES_WAITING_MAX * probe.interval) return [];
  return [
    ruleFault('probeTimeoutTooLong', [key('probe', 'timeout'), key('probe', 'interval')], {
      message: {
        en: `timeout ${formatDuration(probe.timeout)} is more than ${PROBES_WAITING_MAX} intervals of ${formatDuration(probe.interval)}`,
        zh: `timeout ${formatDuration(probe.timeout)} 超过 ${PROBES_WAITING_MAX} 个 interval（${formatDuration(probe.interval)}）`,
      },
      reason: {
        en: 'probes of a hung member would accumulate',
        zh: '对假死成员的探测会堆积',
      },
      hint: {
        en: `set interval to ${formatDuration(Math.ceil(probe.timeout / PROBES_WAITING_MAX))} or more, or reduce timeout`,
        zh: `把 interval 设为 ${formatDuration(Math.ceil(probe.timeout / PROBES_WAITING_MAX))} 或更长，或缩短 timeout`,
      },
    }),
  ];
}

function boundRule({ probe }: ParsedService, key: KeyOf): RuleFault[] {
  const maxSilenceMs = maxSilenceMsOf(probe);
  if (maxSilenceMs >= 2 * probe.interval) return [];
  return [
    ruleFault('boundTooLow', boundKeys(key), {
      message: {
        en: `maxSilence ${formatDuration(maxSilenceMs)} is less than two intervals of ${formatDuration(probe.interval)}`,
        zh: `maxSilence ${formatDuration(maxSilenceMs)} 小于两个 interval（${formatDuration(probe.interval)}）`,
      },
      reason: {
        en: 'a single late response would raise a suspicion',
        zh: '一次响应迟到就会引起怀疑',
      },
      hint: {
        en: `set maxSilence to ${formatDuration(2 * probe.interval)} or more, or reduce interval`,
        zh: `把 maxSilence 设为 ${formatDuration(2 * probe.interval)} 或更长，或缩短 interval`,
      },
    }),
  ];
}

function mistakesRule({ probe }: ParsedService, key: KeyOf): RuleFault[] {
  const maxSilenceMs = maxSilenceMsOf(probe);
  if (probe.falseSuspicionEvery > 10 * maxSilenceMs) return [];
  return [
    ruleFault('mistakesTooOften', [key('probe', 'falseSuspicionEvery'), ...boundKeys(key)], {
      message: {
        en: `probe.falseSuspicionEvery (${formatDuration(probe.falseSuspicionEvery)}) must be more than 10 × probe.maxSilence (${formatDuration(maxSilenceMs)})`,
        zh: `probe.falseSuspicionEvery（${formatDuration(probe.falseSuspicionEvery)}）须大于 10 × probe.maxSilence（${formatDuration(maxSilenceMs)}）`,
      },
      reason: {
        en: 'otherwise most suspicions would be false',
        zh: '否则多数怀疑都是误判',
      },
      hint: {
        en: 'set falseSuspicionEvery to 1h or more',
        zh: '把 falseSuspicionEvery 设为 1h 或更长',
      },
    }),
  ];
}

function rtoRule({ probe, objectives }: ParsedService, key: KeyOf): RuleFault[] {
  const worstMs = hangProofMs(probe);
  if (objectives.rto === undefined || worstMs < objectives.rto) return [];
  return [
    ruleFault('boundBeyondRto', [key('objectives', 'rto'), ...boundKeys(key)], {
      message: {
        en: `confirming a hang can take ${formatDuration(worstMs)}, not less than objectives.rto (${formatDuration(objectives.rto)})`,
        zh: `确认假死可能需要 ${formatDuration(worstMs)}，不短于 objectives.rto（${formatDuration(objectives.rto)}）`,
      },
      reason: {
        en: 'hotwarm suspects a hang after maxSilence and confirms it with two probes of `timeout` before it acts',
        zh: 'hotwarm 在无响应达到 maxSilence 后怀疑假死，再用两次时长为 `timeout` 的探测确认，然后才动作',
      },
      hint: {
        en: `reduce probe.timeout and probe.interval, or set rto above ${formatDuration(worstMs)}`,
        zh: `缩短 probe.timeout 和 probe.interval，或把 rto 设为大于 ${formatDuration(worstMs)}`,
      },
    }),
  ];
}

function latencyRule({ probe, takeover }: ParsedService, key: KeyOf): RuleFault[] {
  if (takeover.maxP95 === undefined || takeover.maxP95 <= probe.timeout) return [];
  return [
    ruleFault('p95BeyondTimeout', [key('takeover', 'maxP95'), key('probe', 'timeout')], {
      message: {
        en: `maxP95 ${formatDuration(takeover.maxP95)} is more than probe.timeout (${formatDuration(probe.timeout)})`,
        zh: `maxP95 ${formatDuration(takeover.maxP95)} 超过 probe.timeout（${formatDuration(probe.timeout)}）`,
      },
      reason: {
        en: 'such a slow probe has already timed out, so this limit would never have an effect',
        zh: '这样慢的探测早已超时，该上限永远不起作用',
      },
      hint: {
        en: `set maxP95 to ${formatDuration(probe.timeout)} or less, or raise probe.timeout`,
        zh: `把 maxP95 设为 ${formatDuration(probe.timeout)} 或更小，或放宽 probe.timeout`,
      },
    }),
  ];
}

function boundKeys(key: KeyOf): readonly [ConfigPath, ...ConfigPath[]] {
  return [key('probe', 'maxSilence'), key('probe', 'timeout'), key('probe', 'interval')];
}

function repairRules({ restart, failback }: ParsedService, key: KeyOf): RuleFault[] {
  const faults: RuleFault[] = [];
  if (restart.backoff > restart.maxBackoff) {
    faults.push(
      ruleFault('repairOrder', [key('restart', 'backoff'), key('restart', 'maxBackoff')], {
        message: {
          en: `backoff ${formatDuration(restart.backoff)} is more than maxBackoff ${formatDuration(restart.maxBackoff)}`,
          zh: `backoff ${formatDuration(restart.backoff)} 大于 maxBackoff ${formatDuration(restart.maxBackoff)}`,
        },
        reason: {
          en: 'the pause grows from backoff to maxBackoff',
          zh: '退避时间从 backoff 增长到 maxBackoff',
        },
        hint: { en: 'set backoff to maxBackoff or less', zh: '把 backoff 设为不大于 maxBackoff' },
      }),
    );
  }
  if (failback.mode === 'auto' && failback.after < restart.backoff) {
    faults.push(
      ruleFault('failbackBeforeRepair', [key('failback', 'after'), key('restart', 'backoff')], {
        message: {
          en: `after ${formatDuration(failback.after)} is less than restart.backoff ${formatDuration(restart.backoff)}`,
          zh: `after ${formatDuration(failback.after)} 小于 restart.backoff（${formatDuration(restart.backoff)}）`,
        },
        reason: {
          en: 'traffic would move back before a second restart attempt is due',
          zh: '第二次修复尝试之前就会回切',
        },
        hint: {
          en: `set after to ${formatDuration(restart.backoff)} or more`,
          zh: `把 after 设为 ${formatDuration(restart.backoff)} 或更长`,
        },
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
        message: {
          en: `failback.maxFailovers (${failback.maxFailovers}) × failback.after (${formatDuration(failback.after)}) exceeds failback.window (${formatDuration(failback.window)})`,
          zh: `failback.maxFailovers（${failback.maxFailovers}）× failback.after（${formatDuration(failback.after)}）超过 failback.window（${formatDuration(failback.window)}）`,
        },
        reason: {
          en: 'so the flapping limit can never trigger',
          zh: '反复切换的次数上限永远不会触发',
        },
        hint: {
          en: `set window to ${formatDuration(failback.maxFailovers * failback.after)} or more`,
          zh: `把 window 设为 ${formatDuration(failback.maxFailovers * failback.after)} 或更长`,
        },
      }),
    );
  }
  return faults;
}
