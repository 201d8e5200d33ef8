import { monotonicMs } from '../../../clock.ts';
import type { Route } from '../../../core/effect.ts';

// Where a request goes, decided again for every dispatch and never remembered by the request itself: one that
// waited through a failover must follow the route of the moment it is sent. The agent's route names the active
// member and, in order, those that may serve without asking when it dies. What the proxy adds is only its own
// knowledge of deaths it met (a refused connection, an answer cut short), kept until the active member or the
// epoch changes, or until the dead one accepts connections again. A member that the route calls dead stays so for as long
// as it does: the kernel may accept connections for it meanwhile.
// A suspect is asked on by whatever can be asked again elsewhere. What could not be repeated is spared it: it goes to a
// fallback, and without one it waits for the verdict. Suspicions are cheap and often wrong, and a failed member may
// still be the best there is, so this wait has an end of its own (`trust`), whatever the route says.

export class Router {
  readonly #onFallback: (from: string, to: string) => void;
  readonly #onDeath: () => void;
  readonly #mayTake: (member: string) => boolean;
  readonly #dead = new Set<string>();
  /** Suspects whose verdict is waited for. */
  readonly #doubted = new Set<string>();
  #route: Route | null = null;
  #leaseUntil = Number.POSITIVE_INFINITY;
  #fellBack = false;

  constructor(options: {
    readonly onFallback: (from: string, to: string) => void;
    readonly onDeath: () => void;
    /** False for a member that is being drained. */
    readonly mayTake: (member: string) => boolean;
  }) {
    this.#onFallback = options.onFallback;
    this.#onDeath = options.onDeath;
    this.#mayTake = options.mayTake;
  }

  get route(): Route | null {
    return this.#route;
  }

  /** The highest epoch is that of the last route, as lower ones are never taken. */
  take(route: Route): 'taken' | 'conflict' {
    const last = this.#route;
    if (last !== null && route.epoch < last.epoch) return 'conflict';
    if (last === null || last.epoch !== route.epoch || last.active !== route.active) {
      this.#dead.clear();
      this.#fellBack = false;
    }
    for (const name of this.#doubted) {
      if (!route.suspects.includes(name)) this.#doubted.delete(name);
    }
    for (const name of route.suspects) {
      if (!this.isSuspect(name)) this.#doubted.add(name);
    }
    this.#route = route;
    this.#leaseUntil = route.leaseUntil ?? Number.POSITIVE_INFINITY;
    return 'taken';
  }

  /** False from the lease's end until a newer route: nothing may reach a member. */
  mayForward(): boolean {
    return this.#leaseUntil === Number.POSITIVE_INFINITY || monotonicMs() < this.#leaseUntil;
  }

  /** The member to send to now; null: hold. */
  target(): string | null {
    const route = this.#route;
    if (route === null || route.active === null || !this.mayForward()) return null;
    if (!this.isDead(route.active)) return route.active;
    const fallback = this.fallbackFor(route.active);
    if (fallback !== null && !this.#fellBack) {
      this.#fellBack = true;
      this.#onFallback(route.active, fallback);
    }
    return fallback;
  }

  /** The member for what cannot be sent again; null: hold. */
  sureTarget(): string | null {
    const target = this.target();
    if (target === null || !this.isSuspect(target)) return target;
    const fallback = this.fallbackFor(target);
    if (fallback !== null) return fallback;
    return this.#doubted.has(target) ? null : target;
  }

  /** A verdict is waited for. */
  get inDoubt(): boolean {
    return this.#doubted.size > 0;
  }

  /** No verdict came in time: suspects without a fallback are sent everything again. */
  trust(): void {
    this.#doubted.clear();
  }

  /** The first member that may serve in place of this one. */
  fallbackFor(member: string): string | null {
    const route = this.#route;
    if (route === null || !this.mayForward()) return null;
    const healthy = (name: string): boolean =>
      name !== member &&
      !this.isDead(name) &&
      !route.suspects.includes(name) &&
      this.#mayTake(name);
    return route.fallbacks.find(healthy) ?? null;
  }

  isSuspect(member: string): boolean {
    return this.#route !== null && this.#route.suspects.includes(member);
  }

  isDead(member: string): boolean {
    return this.#dead.has(member) || this.isProvedDead(member);
  }

  /** Told by the agent, not met here. */
  isProvedDead(member: string): boolean {
    return this.#route !== null && this.#route.dead.includes(member);
  }

  /** A member met dead; one that the route does not name cannot be chosen anyway. */
  markDead(member: string): void {
    if (!this.#named().includes(member) || this.#dead.has(member)) return;
    this.#dead.add(member);
    this.#onDeath();
  }

  revive(member: string): void {
    this.#dead.delete(member);
    if (member === this.#route?.active) this.#fellBack = false;
  }

  /** Members met dead that the route would use, in its order. */
  deadOnes(): readonly string[] {
    return this.#named().filter((name) => this.#dead.has(name) && !this.isProvedDead(name));
  }

  #named(): readonly string[] {
    const route = this.#route;
    if (route === null || route.active === null) return [];
    return [route.active, ...route.fallbacks];
  }
}
