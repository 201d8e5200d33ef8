import type { FaultRates } from '../model/fault-rates.ts';
import { PAUSE_SIGMA } from '../model/false-failovers.ts';
import type { Member } from './member.ts';
import type { OutageCause } from './outage-log.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import type { Simulation } from './simulation.ts';
import { MS_PER_YEAR } from '../model/year.ts';

// The faults of the fault model (src/model/fault-rates.ts) for the host and the members of a service, in calendar time: a
// Poisson process for each component. Standbys fail at their own share of the rate. Lifetimes and repairs are exponential,
// pauses log-normal; logarithms can differ in the last bit between versions of V8.
//
// If a restart does not help, the member exits after each start until an operator fixes it. A failed takeover leaves the
// data plane without a route until the failed member would be back, or an operator fixes it. A latent failure appears when
// the standby serves: a running one fails its requests until an operator fixes it, a frozen one exits when it is thawed.
//
// Longer than most files because every fault uses the same table of current faults.

const US_PER_MS = 1000;
/** Longer than any run. */
const LONGEST_MS = 1000 * MS_PER_YEAR;
/** Lifetime of a process whose restart does not help. */
const BROKEN_LIFE_MS = 50;

const MEMBER_COMPONENTS = ['process', 'hang', 'degraded'] as const;

export type MemberComponent = (typeof MEMBER_COMPONENTS)[number];

export type AvailabilityRunFault =
  | { readonly code: 'failed'; readonly member: string; readonly component: MemberComponent }
  | { readonly code: 'paused'; readonly member: string; readonly lastsMs: number }
  /** A latent failure of a standby. */
  | { readonly code: 'hidden'; readonly member: string }
  /** Restarts do not help until an operator fixes the member. */
  | { readonly code: 'broken'; readonly member: string }
  | { readonly code: 'hostLost'; readonly component: 'host' | 'zone' }
  /** The failure of the active member affects all members. */
  | { readonly code: 'commonCause' }
  /** The takeover fails: service returns with the failed member, or after an operator's fix. */
  | { readonly code: 'stuck' };

type LifeFaultsOptions = {
  readonly world: Simulation;
  readonly calendar: Scheduler;
  readonly random: Random;
  readonly rates: FaultRates;
  /** Shorter pauses have no effect and are left out, ms. */
  readonly shortestPauseMs: number;
  readonly activeName: () => string | null;
  readonly onFault: (fault: AvailabilityRunFault) => void;
  /** The current outage has another cause. */
  readonly onBlame: (cause: OutageCause) => void;
};

type Condition = {
  /** The current fault; null: none. standby: a latent failure. */
  fault: MemberComponent | 'standby' | null;
  paused: boolean;
  /** Calendar time, us: restarts do not help before. */
  brokenUntil: number;
  diesThawed: boolean;
};

export class AvailabilityRunFaults {
  readonly #options: LifeFaultsOptions;
  readonly #conditions = new Map<Member, Condition>();
  #hostFault: 'host' | 'zone' | null = null;
  #isStuck = false;

  constructor(options: LifeFaultsOptions) {
    this.#options = options;
    for (const member of options.world.members) {
      const condition = { fault: null, paused: false, brokenUntil: 0, diesThawed: false };
      this.#conditions.set(member, condition);
      member.onStart = () => this.#started(member);
      member.onThaw = () => this.#thawed(member);
    }
  }

  /** A takeover failed; waiting for the failed member or an operator. */
  get isStuck(): boolean {
    return this.#isStuck;
  }

  /** Whether a short fault is active that will soon appear or end. */
  get isAnythingShort(): boolean {
    const { members, options } = this.#options.world;
    const { probesSeeHangs } = options;
    return members.some(
      (member) => this.#of(member).paused || (member.hung && !member.frozen && probesSeeHangs),
    );
  }

  /** Whether the member is paused or degraded by a fault of its own. */
  isFaulty(name: string): boolean {
    const member = this.#named(name);
    if (member === undefined || this.#hostFault !== null) return true;
    return !member.alive || this.#of(member).fault !== null;
  }

  /** Why this member cannot serve; null: no fault. */
  causeAt(name: string | null): OutageCause | null {
    if (this.#hostFault !== null) return this.#hostFault;
    if (this.#isStuck) return 'takeover';
    const member = this.#named(name);
    if (member === undefined) return null;
    const { fault, paused } = this.#of(member);
    return fault ?? (paused ? 'pause' : null);
  }

  /** A latent failure has appeared: an operator will fix it. */
  found(name: string | null): void {
    const { calendar, rates } = this.#options;
    const member = this.#named(name);
    if (member === undefined || this.#of(member).fault !== 'standby') return;
    const { pid } = member;
    calendar.in(this.#exponential(rates.recoveryMs) * US_PER_MS, () => {
      const condition = this.#of(member);
      if (member.pid !== pid || condition.fault !== 'standby') return;
      condition.fault = null;
      member.lies = false;
    });
  }

  schedule(): void {
    const { world, rates } = this.#options;
    for (const member of world.members) {
      for (const component of MEMBER_COMPONENTS)
        this.#renew(rates[component].everyMs, () => this.#befall(member, component));
      this.#schedulePauses(member);
    }
    for (const component of ['host', 'zone'] as const)
      this.#renew(rates[component].everyMs, () => this.#loseHost(component));
  }

  /** A Poisson process. */
  #renew(everyMs: number | null, happen: () => void): void {
    if (everyMs === null) return;
    const { calendar } = this.#options;
    calendar.in(this.#exponential(everyMs) * US_PER_MS, () => {
      happen();
      this.#renew(everyMs, happen);
    });
  }

  #befall(member: Member, component: MemberComponent): void {
    const { world, rates, random, activeName } = this.#options;
    if (!member.alive || !member.host.up || this.#of(member).fault !== null) return;
    if (member.name !== activeName()) return this.#befallStandby(member, component);
    this.#apply(member, component);
    if (random.chance(rates.commonCauseShare)) {
      this.#options.onFault({ code: 'commonCause' });
      for (const other of world.members)
        if (other !== member && other.alive) this.#apply(other, component);
    }
    if (!random.chance(rates.coverage)) this.#stick(member, component);
  }

  #befallStandby(member: Member, component: MemberComponent): void {
    const { rates, random, world } = this.#options;
    const temperature =
      world.options.services
        .flatMap(({ members }) => members)
        .find(({ name }) => name === member.name)?.temperature ?? 'hot';
    if (!random.chance(rates.standbyFactor[temperature])) return;
    if (!random.chance(rates.hiddenShare[temperature]))
      return this.#apply(member, member.frozen ? 'process' : component);
    const condition = this.#of(member);
    condition.fault = 'standby';
    if (member.frozen) condition.diesThawed = true;
    else member.lies = true;
    this.#options.onFault({ code: 'hidden', member: member.name });
  }

  #apply(member: Member, component: MemberComponent): void {
    const { rates, random, calendar, onFault } = this.#options;
    const condition = this.#of(member);
    condition.fault = component;
    condition.paused = false;
    onFault({ code: 'failed', member: member.name, component });
    if (component !== 'degraded' && !random.chance(rates.restartShare)) {
      condition.brokenUntil = calendar.now + this.#exponential(rates.recoveryMs) * US_PER_MS;
      onFault({ code: 'broken', member: member.name });
    }
    switch (component) {
      case 'process':
        return member.host.run(() => member.die('SIGKILL'));
      case 'hang':
        return member.hang();
      case 'degraded': {
        member.lies = true;
        const { pid } = member;
        calendar.in(this.#exponential(rates.degraded.repairMs) * US_PER_MS, () => {
          if (member.pid !== pid || condition.fault !== 'degraded') return;
          condition.fault = null;
          member.lies = false;
        });
        return;
      }
      default: {
        const never: never = component;
        return never;
      }
    }
  }

  /** Waits for the failed member, or for an operator if its restart does not help. */
  #stick(member: Member, component: MemberComponent): void {
    const { world, calendar, rates, onFault, onBlame } = this.#options;
    const isBroken = this.#of(member).brokenUntil > calendar.now;
    const meanMs = isBroken ? rates.recoveryMs : rates[component].repairMs;
    const restore = world.crashPlane(0);
    if (restore === null) return;
    this.#isStuck = true;
    onBlame('takeover');
    onFault({ code: 'stuck' });
    calendar.in(this.#exponential(meanMs) * US_PER_MS, () => {
      this.#isStuck = false;
      restore();
    });
  }

  #loseHost(component: 'host' | 'zone'): void {
    const { world, calendar, rates, onFault } = this.#options;
    const [host] = world.hosts;
    if (host === undefined || !host.up) return;
    this.#hostFault = component;
    onFault({ code: 'hostLost', component });
    world.crashHost(host);
    calendar.in(this.#exponential(rates[component].repairMs) * US_PER_MS, () => {
      this.#hostFault = null;
      for (const condition of this.#conditions.values()) condition.fault = null;
      world.bootHost(host);
    });
  }

  #schedulePauses(member: Member): void {
    const { calendar, activeName, rates } = this.#options;
    const { everyMs, medianMs } = rates.pause;
    if (everyMs === null) return;
    const { inMs, lastsMs } = this.#nextPause(everyMs, medianMs);
    calendar.in(inMs * US_PER_MS, () => {
      this.#schedulePauses(member);
      if (!member.alive || member.stopped || member.name !== activeName()) return;
      const condition = this.#of(member);
      const { pid } = member;
      condition.paused = true;
      member.hang();
      this.#options.onFault({ code: 'paused', member: member.name, lastsMs });
      calendar.in(lastsMs * US_PER_MS, () => {
        if (!condition.paused || member.pid !== pid) return;
        condition.paused = false;
        member.wake();
      });
    });
  }

  /** The next pause that is long enough to matter. */
  #nextPause(
    everyMs: number,
    medianMs: number,
  ): { readonly inMs: number; readonly lastsMs: number } {
    const { shortestPauseMs } = this.#options;
    let inMs = 0;
    for (;;) {
      inMs += this.#exponential(everyMs);
      const lastsMs = medianMs * Math.exp(PAUSE_SIGMA * this.#normal());
      if (lastsMs >= shortestPauseMs || inMs > LONGEST_MS) return { inMs, lastsMs };
    }
  }

  #started(member: Member): void {
    const condition = this.#of(member);
    const { calendar } = this.#options;
    member.lies = false;
    condition.diesThawed = false;
    condition.paused = false;
    if (condition.brokenUntil <= calendar.now) {
      condition.fault = null;
      return;
    }
    const { pid } = member;
    member.host.after(BROKEN_LIFE_MS, () => {
      if (member.pid === pid) member.die('SIGKILL');
    });
  }

  #thawed(member: Member): void {
    if (!this.#of(member).diesThawed) return;
    this.#options.onBlame('standby');
    member.die('SIGKILL');
  }

  #named(name: string | null): Member | undefined {
    return this.#options.world.members.find((candidate) => candidate.name === name);
  }

  #of(member: Member): Condition {
    const condition = this.#conditions.get(member);
    if (condition === undefined) throw new RangeError(`${member.name} is no member`);
    return condition;
  }

  #exponential(mean: number): number {
    return -Math.log(1 - this.#options.random.share()) * mean;
  }

  /** Box and Muller. */
  #normal(): number {
    const { random } = this.#options;
    const radius = Math.sqrt(-2 * Math.log(1 - random.share()));
    return radius * Math.cos(2 * Math.PI * random.share());
  }
}
