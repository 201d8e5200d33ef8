import type { Event } from '../core/event.ts';
import type { EffectResult } from '../core/event.ts';
import { DriverError } from '../drivers/driver-error.ts';
import type { Fence } from '../drivers/fence/contract.ts';
import type { Adopted, Collapse, Exit, MemberDriver } from '../drivers/member/contract.ts';
import type { ProbeAnswer } from '../core/event.ts';
import type { Probe } from '../drivers/probe/contract.ts';
import { startSchedule } from '../drivers/probe/schedule.ts';

// One member of this host as the agent handles it: its driver, its probes and the count of its incarnations,
// which tells late news of a dead process from news of the living one.

/** Pause between two looks at a member that is not ready yet. */
const READY_CHECK_INTERVAL_MS = 20;
/** awaitReady ends this long before its deadline, or a share of a short one, so that it can say what the last look saw. */
const READY_SLACK_MS = 100;
const READY_SLACK_SHARE = 0.2;

export type LocalMemberOptions = {
  readonly service: string;
  readonly member: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly makeDriver: (news: {
    readonly onExit: (exit: Exit) => void;
    readonly onCollapse: (collapse: Collapse) => void;
  }) => MemberDriver;
  readonly makeFence: (driver: MemberDriver) => Fence;
  readonly probe: Probe;
  readonly ready: Probe;
  /** What it is asked for before it is frozen; null: nothing. */
  readonly prime: { readonly probe: Probe; readonly requests: number } | null;
  readonly now: () => number;
  readonly onEvent: (event: Event) => void;
};

export class LocalMember {
  readonly #options: LocalMemberOptions;
  readonly driver: MemberDriver;
  readonly fence: Fence;
  #incarnation = 0;
  #exit: Exit | null = null;
  #schedule: { stop(): void } | null = null;

  constructor(options: LocalMemberOptions) {
    this.#options = options;
    this.driver = options.makeDriver({
      onExit: (exit) => this.#exited(exit),
      onCollapse: (collapse) => this.#collapsed(collapse),
    });
    this.fence = options.makeFence(this.driver);
  }

  async start(capacity: 'full' | 'reduced', signal: AbortSignal): Promise<EffectResult> {
    const { pid } = await this.driver.start({ capacity, signal });
    this.#incarnation += 1;
    this.#exit = null;
    return { type: 'started', pid, incarnation: this.#incarnation };
  }

  /** null: nothing of an earlier agent's runs here. */
  adopt(incarnation: number): Adopted | null {
    const adopted = this.driver.adopt();
    if (adopted !== null) this.#incarnation = incarnation;
    return adopted;
  }

  /** Looks until the member answers, it exits, or the time is up. */
  async awaitReady(deadline: number, signal: AbortSignal): Promise<EffectResult> {
    const { ready, now, timeoutMs } = this.#options;
    const until = deadline - Math.min(READY_SLACK_MS, (deadline - now()) * READY_SLACK_SHARE);
    let last: ProbeAnswer = { ok: false, fault: 'timeout', detail: 'not looked at yet' };
    while (now() < until && !signal.aborted) {
      if (this.#exit !== null) throw new DriverError('startFailed', exitText(this.#exit));
      last = await ready.check({
        timeoutMs: Math.min(timeoutMs, until - now()),
        fresh: true,
      });
      if (last.ok) return { type: 'done' };
      await pause(READY_CHECK_INTERVAL_MS);
    }
    throw new DriverError(
      'notReady',
      last.ok ? 'the time was up' : `the last look said ${last.fault}: ${last.detail}`,
    );
  }

  /** Asks as often as it should be, or as long as there is time. Its answers are not judged. */
  async prime(deadline: number, signal: AbortSignal): Promise<EffectResult> {
    const { prime, now, timeoutMs } = this.#options;
    if (prime === null) return { type: 'done' };
    const until = deadline - Math.min(READY_SLACK_MS, (deadline - now()) * READY_SLACK_SHARE);
    for (let left = prime.requests; left > 0; left -= 1) {
      const leftMs = until - now();
      if (leftMs <= 0 || signal.aborted || this.#exit !== null) break;
      await prime.probe.check({ timeoutMs: Math.min(timeoutMs, leftMs), fresh: false });
    }
    // A frozen member would be left with a connection that it cannot end.
    await prime.probe.close();
    return { type: 'done' };
  }

  watch(incarnation: number): void {
    this.unwatch();
    const { probe, intervalMs, timeoutMs, now, service, member, onEvent } = this.#options;
    this.#schedule = startSchedule({
      probe,
      intervalMs,
      timeoutMs,
      now,
      onAnswer: (answer) => {
        const base = {
          at: now(),
          service,
          member,
          incarnation,
          channel: probe.channel,
          sequence: answer.sequence,
        };
        onEvent(
          answer.ok
            ? { type: 'probeSucceeded', ...base, latencyMs: answer.latencyMs }
            : { type: 'probeFailed', ...base, fault: answer.fault, detail: answer.detail },
        );
      },
    });
  }

  unwatch(): void {
    this.#schedule?.stop();
    this.#schedule = null;
  }

  async check(timeoutMs: number): Promise<EffectResult> {
    const { probe } = this.#options;
    return {
      type: 'probed',
      channel: probe.channel,
      answer: await probe.check({ timeoutMs, fresh: true }),
    };
  }

  async close(): Promise<void> {
    this.unwatch();
    await Promise.all([
      this.#options.probe.close(),
      this.#options.ready.close(),
      this.driver.close(),
    ]);
  }

  #collapsed({ at, pid }: Collapse): void {
    const { service, member, onEvent } = this.#options;
    const incarnation = this.#incarnation;
    onEvent({ type: 'memberExiting', at, service, member, incarnation, pid });
  }

  #exited(exit: Exit): void {
    this.#exit = exit;
    const { service, member, onEvent } = this.#options;
    onEvent({
      type: 'memberExited',
      at: exit.at,
      service,
      member,
      incarnation: this.#incarnation,
      exitCode: exit.exitCode,
      signal: exit.signal,
      how: exit.exitCode === null && exit.signal === null ? 'vanished' : 'exited',
      pid: exit.pid,
    });
  }
}

function exitText(exit: Exit): string {
  return exit.signal === null
    ? `it ended with exit code ${exit.exitCode}`
    : `it was ended by ${exit.signal}`;
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
