import type { Effect, Route } from '../core/effect.ts';
import type { EffectResult, Event, FoundMember } from '../core/event.ts';
import type { Outcome } from '../core/effect-results.ts';
import type { EffectFault } from '../core/reasons.ts';
import type { ServiceState } from '../core/state.ts';
import type { Member } from './member.ts';
import type { Mishaps } from './mishaps.ts';
import type { Prober } from './prober.ts';
import type { Random } from './random.ts';
import { localMembers, memberAt, type ServiceOnHost } from './service-on-host.ts';

// Simulated drivers of one service on one host: the result, duration and failures of each effect. A started effect continues
// even if its agent exits.

type DriversOptions = {
  readonly site: ServiceOnHost;
  readonly random: Random;
  readonly prober: Prober;
  /** A unique number for each process. */
  readonly nextPid: () => number;
  readonly whileAlive: (action: () => void) => void;
  readonly onEvent: (event: Event) => void;
  readonly mishaps: Mishaps;
};

type End = (outcome: Outcome) => void;
type Times = { readonly low: number; readonly high: number };

const TIMES_MS = {
  startMember: { low: 2, high: 60 },
  stopMember: { low: 5, high: 400 },
  fenceMember: { low: 1, high: 60 },
  freezeMember: { low: 0.5, high: 20 },
  thawMember: { low: 0.5, high: 20 },
  setCapacity: { low: 0.5, high: 20 },
  primeMember: { low: 5, high: 300 },
  promoteMember: { low: 5, high: 300 },
  demoteMember: { low: 5, high: 300 },
  rejoinMember: { low: 20, high: 1000 },
  switchTraffic: { low: 0.2, high: 10 },
} as const satisfies Partial<Record<Effect['type'], Times>>;

/** Effects for one member that take time. */
type MemberOrder = Exclude<keyof typeof TIMES_MS, 'switchTraffic'>;

const READY_LOOK_MS = 20;
const READY_SLACK_MS = 100;
const DRAIN_LOOK_MS = 5;
const DONE: Outcome = { ok: true, result: { type: 'done' } };

export class Drivers {
  readonly #options: DriversOptions;
  /** When the last route is applied. */
  #routedAt = 0;

  constructor(options: DriversOptions) {
    this.#options = options;
  }

  /** Adopts the members that an earlier agent left running. */
  adopt(known: ServiceState | null): readonly FoundMember[] {
    const { site } = this.#options;
    return localMembers(site).flatMap((member) => {
      if (!member.alive) return [];
      const { name, pid, frozen } = member;
      member.incarnation = (known?.members.find((one) => one.name === name)?.incarnation ?? 0) + 1;
      const { incarnation } = member;
      this.#tellExit(member, pid, incarnation, 'vanished');
      return [{ service: site.config.name, member: name, pid, incarnation, frozen }];
    });
  }

  /** Ends running processes that were not adopted. */
  clearLeftovers(found: readonly FoundMember[]): void {
    const { site } = this.#options;
    for (const member of localMembers(site)) {
      if (found.some((one) => one.service === site.config.name && one.member === member.name))
        continue;
      member.onExit = null;
      member.end();
    }
  }

  execute(effect: Effect, end: End): void {
    const { site, prober } = this.#options;
    switch (effect.type) {
      case 'switchTraffic':
        return this.#route(effect.route, end);
      case 'drainTraffic':
        return this.#drain(effect.member, site.host.now() + effect.timeoutMs, end);
      case 'watchMember':
        prober.watch(memberAt(site, effect.member), effect.incarnation);
        return end(DONE);
      case 'unwatchMember':
        prober.unwatch(effect.member);
        return end(DONE);
      case 'probeMember':
        return this.#probe(effect.member, effect.timeoutMs, end);
      case 'recordIncident':
        return end(site.host.diskFull ? failed('diskFull') : DONE);
      case 'acquireLease':
      case 'renewLease':
      case 'releaseLease':
      case 'drainInput':
      case 'cancelEffects':
        throw new TypeError(`${effect.type} is the runtime's own`);
      default:
        return this.#onMember(effect, end);
    }
  }

  #onMember(effect: Extract<Effect, { type: MemberOrder | 'awaitReady' }>, end: End): void {
    const { site } = this.#options;
    const member = localMembers(site).find(({ name }) => name === effect.member);
    if (member === undefined) return end(failed('notFound'));
    if (effect.type === 'awaitReady') {
      const slackMs = Math.min(READY_SLACK_MS, (effect.deadline - site.host.now()) * 0.2);
      return this.#awaitReady(member, member.pid, effect.deadline - slackMs, end);
    }
    // An effect is for the process at its begin: one of a crashed agent must not affect the next process.
    const { pid } = member;
    const start = effect.type === 'startMember' ? Symbol(member.name) : null;
    const isEnding = effect.type === 'fenceMember' || effect.type === 'stopMember';
    if (start !== null || isEnding) member.beingStarted = start;
    this.#take(TIMES_MS[effect.type], end, () => {
      if (start !== null && member.beingStarted !== start) return failed('timedOut');
      if (member.pid === pid) return this.#perform(effect, member);
      return isEnding ? DONE : failed('notFound');
    });
  }

  /** Executes the effect. */
  #perform(effect: Extract<Effect, { type: MemberOrder }>, member: Member): Outcome {
    switch (effect.type) {
      case 'startMember':
        return this.#start(member, effect.capacity);
      case 'stopMember':
      case 'fenceMember':
        this.#end(member, effect.type === 'stopMember' ? 'SIGTERM' : 'SIGKILL');
        return DONE;
      case 'freezeMember':
        if (!member.alive) return failed('notFound');
        member.freeze();
        return DONE;
      case 'thawMember':
        if (!member.alive) return failed('notFound');
        member.thaw();
        return DONE;
      case 'setCapacity':
        if (!member.alive) return failed('notFound');
        member.capacity = effect.capacity;
        return DONE;
      case 'primeMember':
        return member.alive ? DONE : failed('notFound');
      default:
        return this.#changeRole(effect, member);
    }
  }

  #changeRole(
    effect: Extract<Effect, { type: 'promoteMember' | 'demoteMember' | 'rejoinMember' }>,
    member: Member,
  ): Outcome {
    if (!member.alive || member.stopped) return failed('driverFailed');
    switch (effect.type) {
      case 'promoteMember':
        member.promote(effect.epoch);
        return DONE;
      case 'demoteMember':
        member.demote();
        return DONE;
      case 'rejoinMember': {
        const active = memberAt(this.#options.site, effect.active);
        return !active.stopped && member.rejoin(active) ? DONE : failed('driverFailed');
      }
      default: {
        const never: never = effect;
        return never;
      }
    }
  }

  #start(member: Member, capacity: 'full' | 'reduced'): Outcome {
    if (member.alive) return failed('stillRunning');
    const { nextPid } = this.#options;
    member.incarnation += 1;
    const { incarnation } = member;
    const pid = nextPid();
    this.#tellExit(member, pid, incarnation, 'exited');
    member.start(capacity, pid);
    return { ok: true, result: { type: 'started', pid, incarnation } };
  }

  /** The exit status is known only for members that this agent started. */
  #tellExit(member: Member, pid: number, incarnation: number, how: 'exited' | 'vanished'): void {
    const { onEvent, whileAlive, site } = this.#options;
    member.onExit = (signal) =>
      whileAlive(() =>
        onEvent({
          type: 'memberExited',
          at: member.host.now(),
          service: site.config.name,
          member: member.name,
          incarnation,
          exitCode: null,
          signal: how === 'exited' ? signal : null,
          how,
          pid,
        }),
      );
  }

  #end(member: Member, signal: string): void {
    member.die(signal);
  }

  /** Routes use one connection: they are applied in order. */
  #route(route: Route, end: End): void {
    const { random, site } = this.#options;
    const { low, high } = TIMES_MS.switchTraffic;
    const dueAt = Math.max(this.#routedAt, site.host.now() + random.skewed(low, high));
    this.#routedAt = dueAt;
    this.#takeAt(dueAt, end, () =>
      site.plane.up && site.plane.take(route) ? DONE : failed('conflict'),
    );
  }

  /** Executes after a delay, even if the agent exits; reports only to a running agent. */
  #take(times: Times, end: End, perform: () => Outcome): void {
    const { random, site } = this.#options;
    this.#takeAt(site.host.now() + random.skewed(times.low, times.high), end, perform);
  }

  #takeAt(dueAt: number, end: End, perform: () => Outcome): void {
    const { random, site, whileAlive, mishaps } = this.#options;
    const fails = random.chance(mishaps.failing);
    site.host.at(dueAt, () => {
      const outcome = fails ? failed('driverFailed') : perform();
      whileAlive(() => end(outcome));
    });
  }

  #awaitReady(member: Member, pid: number, until: number, end: End): void {
    const { host } = member;
    if (!member.alive || member.pid !== pid) return end(failed('startFailed'));
    if (!member.stopped && host.now() >= member.readyAt) return end(DONE);
    if (host.now() >= until) return end(failed('notReady'));
    host.after(READY_LOOK_MS, () =>
      this.#options.whileAlive(() => this.#awaitReady(member, pid, until, end)),
    );
  }

  #drain(member: string, until: number, end: End): void {
    const { plane, host } = this.#options.site;
    const waiting = plane.waitingOn(member);
    if (waiting === 0 || host.now() >= until) {
      const result: EffectResult = { type: 'drained', cut: waiting === 0 ? 0 : plane.cut(member) };
      return end({ ok: true, result });
    }
    host.after(DRAIN_LOOK_MS, () =>
      this.#options.whileAlive(() => this.#drain(member, until, end)),
    );
  }

  #probe(name: string, timeoutMs: number, end: End): void {
    const { site, prober } = this.#options;
    const channel = site.config.kind === 'process' ? 'http' : 'postgres';
    prober.look(memberAt(site, name), timeoutMs, (answer) =>
      end({ ok: true, result: { type: 'probed', channel, answer } }),
    );
  }
}

function failed(fault: EffectFault): Outcome {
  return { ok: false, fault, detail: '' };
}
