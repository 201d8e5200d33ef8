import { monotonicMs } from '../../../clock.ts';
import type { Context } from './context.ts';
import type { Member } from './member.ts';
import type { Upstream } from './upstream.ts';
import type { ProxyEvent } from './wire.ts';

// One coarse timer for everything that waits, in place of a timer for each request: it hedges what waits on a
// suspect for unusually long, ends what waits beyond its timeout, refuses what was held too long, and tells the
// agent what the requests tell. It runs only while there is something to watch or to tell.

const TICK_MS = 10;
export const SAMPLE_MS = 100;
/** A request without an answer for this long is reported before its sample is due. */
const STALL_MS = 40;
const CONNECT_MS = 1000;
/** For which the head of an answer waits for the body: a member that dies in between has told the client nothing yet. */
export const HEAD_WAIT_MS = 100;

export class Watch {
  readonly #context: Context;
  readonly #tell: (event: ProxyEvent) => void;
  readonly #stalled = new Set<string>();
  #timer: NodeJS.Timeout | null = null;
  #sampledAt = 0;

  constructor(context: Context, tell: (event: ProxyEvent) => void) {
    this.#context = context;
    this.#tell = tell;
  }

  /** There is something to watch. */
  start(): void {
    if (this.#timer !== null) return;
    this.#sampledAt = monotonicMs();
    for (const member of this.#context.members.values()) member.record.begin(this.#sampledAt);
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #tick(): void {
    const { hold, members } = this.#context;
    const nowMs = monotonicMs();
    hold.refuseOverdue(nowMs);
    const due = nowMs - this.#sampledAt >= SAMPLE_MS;
    let quiet = hold.size === 0;
    for (const member of members.values()) {
      this.#tend(member, nowMs);
      const wait = waitOn(member, nowMs);
      const told = this.#sample(member, nowMs, wait, due);
      quiet &&= !told && member.busy.size === 0;
    }
    if (!due) return;
    this.#sampledAt = nowMs;
    if (quiet) this.close();
  }

  /** Hedges and ends what waits on the member. */
  #tend(member: Member, nowMs: number): void {
    const { limits, router } = this.#context;
    const suspect = router.isSuspect(member.name);
    // A request that is ended or hedged here may at once begin to wait on the same member.
    const busy = [...member.busy];
    for (const upstream of busy) {
      if (upstream.headAt !== null) {
        if (nowMs - upstream.headAt >= HEAD_WAIT_MS) upstream.passHead();
        continue;
      }
      const waitedMs = nowMs - upstream.waitingSince;
      if (waitedMs < TICK_MS) continue;
      const timeoutMs = upstream.ready ? limits.answerMs : CONNECT_MS;
      // Whose turn to connect has not come waits on others.
      if (upstream.begun && timeoutMs > 0 && waitedMs > timeoutMs) upstream.fail('timeout');
      else if (suspect && waitedMs > member.record.unusualMs) upstream.user?.hedge(upstream);
    }
  }

  #sample(member: Member, nowMs: number, wait: Wait, due: boolean): boolean {
    const stalled = wait.oldestWaitMs > STALL_MS;
    const news = stalled && !this.#stalled.has(member.name);
    if (stalled) this.#stalled.add(member.name);
    else this.#stalled.delete(member.name);
    if (!due && !news) return true;
    const sample = member.record.sample(member.name, nowMs, wait);
    if (sample === null) return false;
    this.#tell({ type: 'sampled', ...sample });
    return true;
  }
}

type Wait = { readonly waiting: number; readonly oldestWaitMs: number };

function waitOn(member: Member, nowMs: number): Wait {
  let waiting = 0;
  let oldestWaitMs = 0;
  for (const upstream of member.busy) {
    if (upstream.headAt !== null) continue;
    waiting += 1;
    if (!upstream.begun) continue;
    oldestWaitMs = Math.max(oldestWaitMs, nowMs - upstream.waitingSince);
  }
  return { waiting, oldestWaitMs };
}

/** The requests that wait for their answer's head on a member, longest first. */
export function waitingOn(member: Member): readonly Upstream[] {
  return [...member.busy].filter((upstream) => !upstream.answering);
}
