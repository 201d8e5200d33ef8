import type { Text } from '../core/describe/language.ts';
import type { MemberConfig } from '../core/config.ts';
import type { ResolvedService } from '../config/resolved.ts';
import { formatDuration } from '../config/units.ts';
import { seesHangs } from '../drivers/probe/spec.ts';
import { type FalseFailoverPrediction, predictFalseFailovers } from '../model/false-failovers.ts';
import {
  type LeasePrediction,
  type TakeoverPrediction,
  type TimingInput,
  predictLease,
  predictTakeovers,
} from '../model/timing.ts';
import { standingOf, TEMPERATURE_NAMES, type Temperature } from '../core/temperature.ts';

/** Predictions from the timings of one service. */
export type ServicePrediction = {
  readonly takeovers: readonly TakeoverPrediction[];
  readonly mistakes: FalseFailoverPrediction;
  readonly lease: LeasePrediction;
  /** Faults whose takeover may take longer than the objective, at the 99th percentile. */
  readonly beyondRto: readonly TakeoverPrediction[];
  /** Valid settings with a caveat, by code. */
  readonly advice: readonly Advice[];
};

type Advice = {
  readonly code: 'tcpSeesNoHang' | 'coldStandby' | 'rpoNotRead' | 'observeOnly';
  readonly text: Text;
};

export function predictService(service: ResolvedService): ServicePrediction {
  const input = timingInput(service);
  const takeovers = predictTakeovers(input);
  const rtoMs = service.objectives.rtoMs ?? Infinity;
  return {
    takeovers,
    mistakes: predictFalseFailovers(input),
    lease: predictLease(input),
    // A slow member still serves, so its time is no outage.
    beyondRto: takeovers.filter(
      ({ fault, takeover }) => fault !== 'slow' && (takeover?.p99Ms ?? 0) > rtoMs,
    ),
    advice: adviceFor(service),
  };
}

function timingInput({ core, traffic, probe }: ResolvedService): TimingInput {
  const { detection, lease } = core;
  return {
    intervalMs: detection.intervalMs,
    timeoutMs: detection.timeoutMs,
    maxSilenceMs: detection.maxSilenceMs,
    falseSuspicionEveryMs: detection.falseSuspicionEveryMs,
    exclusive: core.exclusive,
    // The kernel accepts connections for a process that hangs.
    seesHangs: seesHangs(probe),
    replays: traffic.abilities.replays,
    standby: bestStandby(core.members.slice(1)),
    startup: null,
    lease,
    degradedAction: core.degraded.action,
  };
}

/** Predictions assume that the hottest standby is eligible. */
function bestStandby(standbys: readonly MemberConfig[]): Temperature {
  return (
    TEMPERATURE_NAMES.find((each) => standbys.some(({ temperature }) => temperature === each)) ??
    'cold'
  );
}

function adviceFor({ core, probe, objectives }: ResolvedService): Advice[] {
  const advice: Advice[] = [];
  const add = (code: Advice['code'], en: string, zh: string): void => {
    advice.push({ code, text: { en, zh } });
  };
  if (!seesHangs(probe)) {
    add(
      'tcpSeesNoHang',
      'a TCP probe does not detect a hung process: the kernel still accepts connections for it',
      'TCP 探测无法发现假死的进程：内核仍会为其接受连接',
    );
  }
  if (core.members.slice(1).every(({ temperature }) => standingOf(temperature) === 'absent')) {
    const limitMs = core.timeouts.startMs + core.timeouts.readyMs;
    const limit = formatDuration(limitMs);
    add(
      'coldStandby',
      `all standbys are cold, so a takeover includes a full start (up to ${limit})`,
      `所有备用成员都是冷备，因此接管包含完整的启动（至多 ${limit}）`,
    );
  }
  if (objectives.rpoBytes !== null && !core.abilities.position) {
    add(
      'rpoNotRead',
      `rpo is not checked: ${core.kind} members report no replication lag`,
      `不检查 rpo：${core.kind} 成员不报告复制落后量`,
    );
  }
  if (core.mode === 'observe')
    add(
      'observeOnly',
      'mode observe: hotwarm reports, but takes no action',
      'mode: observe：hotwarm 只报告，不执行任何动作',
    );
  return advice;
}
