import { monotonicMs } from '../clock.ts';
import type { StepTimes } from '../core/state.ts';
import { isWhole, type AgentProcess } from './agent-process.ts';
import { strikeActive, type Fault } from './faults.ts';
import type { Failure, OpenLoopLoad } from './load.ts';

// One fault under load, seen from the client: how long no request was served, what failed, and what
// hotwarm reports of its own steps. It ends when the service is whole again.

export type TrialReport = {
  readonly from: string;
  readonly to: string;
  /** Longest time without a completed request, from the fault until the service was whole again. */
  readonly gapMs: number;
  readonly failures: readonly Failure[];
  readonly outageMs: number | null;
  readonly steps: StepTimes | null;
};

/** A move is over before this, or the trial fails. */
const WITHIN_MS = 30_000;
/** Load continues for this long after the service is whole, so that late failures are seen. */
const AFTERMATH_MS = 300;

export async function runTrial(options: {
  readonly agent: AgentProcess;
  readonly load: OpenLoopLoad;
  readonly service: string;
  readonly act: Fault | (() => Promise<void>);
}): Promise<TrialReport> {
  const { agent, load, service, act } = options;
  const before = await agent.until(service, 'a whole service', isWhole, WITHIN_MS);
  const at = monotonicMs();
  const from = before.active ?? '';
  if (typeof act === 'function') await act();
  else strikeActive(before, act);
  const moved = await agent.until(
    service,
    'the takeover',
    (now) => isWhole(now) && now.active !== from && now.epoch > before.epoch,
    WITHIN_MS,
  );
  await new Promise((resolve) => setTimeout(resolve, AFTERMATH_MS));
  const end = monotonicMs();
  return {
    from,
    to: moved.active ?? '',
    gapMs: load.longestGapMs(at, end),
    failures: load.failuresBetween(at, end),
    outageMs: moved.lastIncident?.outageMs ?? null,
    steps: moved.lastIncident?.steps ?? null,
  };
}
