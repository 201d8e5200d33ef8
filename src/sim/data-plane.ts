import type { Route } from '../core/effect.ts';
import { percentile } from '../core/percentile.ts';
import type { ProbeFault } from '../core/reasons.ts';
import type { Host } from './host.ts';
import type { Member, Reply, Request } from './member.ts';
import type { Network } from './network.ts';

// The data plane of one service on one host, like the proxy: it applies the newest route, rejects lower epochs, forwards and
// responds nothing after the lease expiry on the host's own clock, holds requests within limits, and replaces a failed
// member by an allowed fallback. It outlives the agent.
// Longer than most files because all of it handles the same requests.

/** Interval of the checks of a failed member. */
const LOOK_MS = 100;

export type HoldLimits = {
  readonly holdMs: number;
  readonly holdRequests: number;
  /** Response timeout; 0: none. */
  readonly answerMs: number;
};

export type Answer = Reply | { readonly type: 'overloaded' };

export type PlaneNews =
  | { readonly type: 'failed'; readonly member: string; readonly fault: ProbeFault }
  | { readonly type: 'fellBack'; readonly from: string; readonly to: string };

type Window = { requests: number; errors: number; latenciesMs: number[] };

/** Measurements of one member since the last sample, as in the event `trafficSampled`. */
type PlaneWindow = {
  readonly requests: number;
  readonly errors: number;
  readonly p95Ms: number | null;
  readonly waiting: number;
  readonly oldestWaitMs: number;
};

type Pending = {
  readonly request: Request;
  readonly reply: (answer: Answer) => void;
  readonly arrivedAt: number;
  /** null: held. */
  member: string | null;
  sentAt: number;
  /** Number of the attempt: responses to earlier attempts are ignored. */
  attempt: number;
};

type PlaneOptions = {
  readonly service: string;
  readonly host: Host;
  readonly network: Network;
  readonly members: readonly Member[];
  readonly limits: HoldLimits;
  readonly onNews: (news: PlaneNews) => void;
  /** A response was passed on: for the checkers, the instant of acknowledgement. */
  readonly onAnswer: (reply: Reply & { readonly type: 'ok' }, request: Request) => void;
  readonly onRoute: (before: Route | null) => void;
};

export class DataPlane {
  readonly host: Host;
  readonly service: string;
  up = true;
  route: Route | null = null;
  heldMost = 0;
  readonly #options: PlaneOptions;
  readonly #pending = new Map<number, Pending>();
  readonly #dead = new Set<string>();
  readonly #windows = new Map<string, Window>();
  #fellBack = false;

  constructor(options: PlaneOptions) {
    this.#options = options;
    this.host = options.host;
    this.service = options.service;
  }

  get openRequests(): number {
    return this.#pending.size;
  }

  get held(): number {
    let held = 0;
    for (const { member } of this.#pending.values()) if (member === null) held += 1;
    return held;
  }

  /** Arrival of the oldest open request, on the host's clock; null: none. */
  get oldestAt(): number | null {
    const [oldest] = this.#pending.values();
    return oldest?.arrivedAt ?? null;
  }

  /** Arrival of the oldest held request; null: none. */
  get oldestHeldAt(): number | null {
    for (const { member, arrivedAt } of this.#pending.values())
      if (member === null) return arrivedAt;
    return null;
  }

  /** False: a higher epoch was seen. */
  take(route: Route): boolean {
    const last = this.route;
    if (last !== null && route.epoch < last.epoch) return false;
    if (last === null || last.epoch !== route.epoch || last.active !== route.active) {
      this.#dead.clear();
      this.#fellBack = false;
    }
    this.route = route;
    if (route.leaseUntil !== null) this.#armLease(route);
    this.#options.onRoute(last);
    this.#leave(route);
    this.#dispatchHeld();
    return true;
  }

  mayForward(): boolean {
    const until = this.route?.leaseUntil ?? null;
    return until === null || this.host.now() < until;
  }

  /** The current target of requests; null: they are held. */
  get aim(): string | null {
    const { route } = this;
    if (!this.up || route === null || route.active === null || !this.mayForward()) return null;
    const isDead = (name: string): boolean => this.#dead.has(name) || route.dead.includes(name);
    if (!isDead(route.active)) return route.active;
    const isWell = (name: string): boolean => !isDead(name) && !route.suspects.includes(name);
    return route.fallbacks.find(isWell) ?? null;
  }

  request(request: Request, reply: (answer: Answer) => void): void {
    const arrivedAt = this.host.now();
    const pending: Pending = { request, reply, arrivedAt, member: null, sentAt: 0, attempt: 0 };
    this.#pending.set(request.id, pending);
    this.#dispatch(pending);
    if (pending.member !== null || !this.#pending.has(request.id)) return;
    const { held } = this;
    if (held > this.#options.limits.holdRequests) return this.#end(pending, { type: 'overloaded' });
    this.heldMost = Math.max(this.heldMost, held);
    this.host.after(this.#options.limits.holdMs, () => {
      if (pending.member === null) this.#end(pending, { type: 'overloaded' });
    });
  }

  /** The process exits; client connections break. */
  stop(): void {
    this.up = false;
    this.route = null;
    this.#dead.clear();
    for (const pending of this.#pending.values()) this.#end(pending, { type: 'reset' });
    this.#windows.clear();
  }

  /** Takes the measurements of a member; null: none. */
  takeWindow(member: string): PlaneWindow | null {
    const window = this.#windows.get(member);
    const waiting = this.waitingOn(member);
    if (window === undefined && waiting === 0) return null;
    this.#windows.delete(member);
    return {
      requests: window?.requests ?? 0,
      errors: window?.errors ?? 0,
      p95Ms: percentile(window?.latenciesMs ?? [], 0.95),
      waiting,
      oldestWaitMs: this.#oldestWaitMs(member),
    };
  }

  /** Requests waiting on a member. */
  waitingOn(member: string): number {
    let waiting = 0;
    for (const pending of this.#pending.values()) if (pending.member === member) waiting += 1;
    return waiting;
  }

  /** Ends the requests waiting on a member; returns their number. */
  cut(member: string): number {
    const cut = [...this.#pending.values()].filter((pending) => pending.member === member);
    for (const pending of cut) this.#end(pending, { type: 'reset' });
    return cut.length;
  }

  #dispatch(pending: Pending): void {
    const name = this.aim;
    this.#noteFallback(name);
    const member = this.#options.members.find((candidate) => candidate.name === name);
    if (member === undefined) return;
    pending.member = member.name;
    pending.attempt += 1;
    pending.sentAt = this.host.now();
    const { attempt } = pending;
    const { network, limits } = this.#options;
    const answered = (reply: Reply): void =>
      network.send({
        from: member.host.node,
        to: this.host.node,
        deliver: () =>
          this.host.run(() => {
            if (pending.attempt === attempt) this.#answered(pending, member.name, reply);
          }),
      });
    if (limits.answerMs > 0)
      this.host.after(limits.answerMs, () => {
        if (pending.attempt === attempt) this.#answered(pending, member.name, { type: 'reset' });
      });
    network.send({
      from: this.host.node,
      to: member.host.node,
      deliver: () => {
        if (member.host.up) member.host.run(() => member.request(pending.request, answered));
      },
    });
  }

  #answered(pending: Pending, member: string, reply: Reply): void {
    if (!this.up || this.#pending.get(pending.request.id) !== pending) return;
    if (!this.mayForward()) return this.#end(pending, { type: 'reset' });
    this.#note(member, pending, reply);
    switch (reply.type) {
      case 'refused':
        this.#avoid(member);
        pending.member = null;
        this.#options.onNews({ type: 'failed', member, fault: 'refused' });
        return this.#again(pending);
      case 'reset':
        this.#avoid(member);
        this.#options.onNews({ type: 'failed', member, fault: 'reset' });
        return this.#end(pending, reply);
      case 'ok':
        this.#options.onAnswer(reply, pending.request);
        return this.#end(pending, reply);
      default:
        return this.#end(pending, reply);
    }
  }

  /** Avoids the member until a route has another target, or it accepts connections again. */
  #avoid(name: string): void {
    if (this.#dead.has(name)) return;
    this.#dead.add(name);
    this.#lookAgain(name);
  }

  #lookAgain(name: string): void {
    this.host.after(LOOK_MS, () => {
      if (!this.up || !this.#dead.has(name)) return;
      const member = this.#options.members.find((candidate) => candidate.name === name);
      if (member?.alive !== true) return this.#lookAgain(name);
      this.#dead.delete(name);
      this.#dispatchHeld();
    });
  }

  /** The request was not executed: retry it on another member, or hold it. */
  #again(pending: Pending): void {
    this.#dispatch(pending);
    if (pending.member !== null) return;
    const { held } = this;
    const leftMs = pending.arrivedAt + this.#options.limits.holdMs - this.host.now();
    if (held > this.#options.limits.holdRequests || leftMs <= 0)
      return this.#end(pending, { type: 'overloaded' });
    this.heldMost = Math.max(this.heldMost, held);
    this.host.after(leftMs, () => {
      if (pending.member === null) this.#end(pending, { type: 'overloaded' });
    });
  }

  /** Retries reads that wait on a member that is no longer in the route. */
  #leave(route: Route): void {
    for (const pending of this.#pending.values()) {
      const { member, request } = pending;
      if (member === null || member === route.active || route.fallbacks.includes(member)) continue;
      if (request.operation.type !== 'read') continue;
      pending.member = null;
      // Responses to the earlier attempt are ignored.
      pending.attempt += 1;
      this.#again(pending);
    }
  }

  #dispatchHeld(): void {
    for (const pending of this.#pending.values())
      if (pending.member === null) this.#dispatch(pending);
  }

  #armLease(route: Route): void {
    if (route.leaseUntil === null) return;
    this.host.at(route.leaseUntil, () => {
      if (this.route !== route) return;
      if (this.mayForward()) return this.#armLease(route);
      for (const pending of this.#pending.values())
        if (pending.member !== null) this.#end(pending, { type: 'reset' });
    });
  }

  #noteFallback(to: string | null): void {
    const from = this.route?.active ?? null;
    if (from === null || to === null || from === to || this.#fellBack) return;
    this.#fellBack = true;
    this.#options.onNews({ type: 'fellBack', from, to });
  }

  /** Waiting time of the oldest request on a member, ms. */
  #oldestWaitMs(member: string): number {
    for (const pending of this.#pending.values())
      if (pending.member === member) return this.host.now() - pending.sentAt;
    return 0;
  }

  #note(member: string, pending: Pending, reply: Reply): void {
    const window = this.#windows.get(member) ?? { requests: 0, errors: 0, latenciesMs: [] };
    window.requests += 1;
    if (reply.type !== 'ok') window.errors += 1;
    window.latenciesMs.push(this.host.now() - pending.sentAt);
    this.#windows.set(member, window);
  }

  #end(pending: Pending, answer: Answer): void {
    if (this.#pending.get(pending.request.id) !== pending) return;
    this.#pending.delete(pending.request.id);
    pending.reply(answer);
  }
}
