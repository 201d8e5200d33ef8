import { unreachable } from '../core/assert.ts';
import type { Effect, Route } from '../core/effect.ts';
import type { EffectResult, Event, FoundMember } from '../core/event.ts';
import type { ServiceState } from '../core/state.ts';
import { DriverError } from '../drivers/driver-error.ts';
import type { ProcessChange, TrafficDriver, TrafficEvent } from '../drivers/traffic/contract.ts';
import type { CertificateChange } from './contract.ts';
import type { LocalMember } from './local-member.ts';

// All the drivers of one service on this host, behind one question: carry out this effect.

type LocalServiceOptions = {
  readonly name: string;
  readonly members: ReadonlyMap<string, LocalMember>;
  /** null: observe-only, where another manager serves the clients. */
  readonly traffic: TrafficDriver | null;
  readonly saveIncident: (id: number) => void;
  readonly onEvent: (event: Event) => void;
  /** Changed certificate files are in use; `fault`: why not. */
  readonly onCertificate: (news: CertificateChange) => void;
  /** One process of the data plane ended or was started. */
  readonly onProcess: (news: ProcessChange) => void;
  /** A standby accepts clients before its activation. */
  readonly onAcceptedEarly: (member: string) => void;
  readonly now: () => number;
};

const DONE: EffectResult = { type: 'done' };

export class LocalService {
  readonly #options: LocalServiceOptions;

  constructor(options: LocalServiceOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  get traffic(): TrafficDriver | null {
    return this.#options.traffic;
  }

  /** Takes over the members that an earlier agent left running. They continue under the incarnation after the known one. */
  adopt(known: ServiceState): readonly FoundMember[] {
    return [...this.#options.members].flatMap(([member, local]) => {
      const before = known.members.find(({ name }) => name === member)?.incarnation ?? 0;
      const incarnation = before + 1;
      const adopted = local.adopt(incarnation);
      if (adopted === null) return [];
      const { pid, frozen } = adopted;
      return [{ service: this.name, member, pid, incarnation, frozen }];
    });
  }

  async execute(effect: Effect, signal: AbortSignal): Promise<EffectResult> {
    switch (effect.type) {
      case 'switchTraffic':
        this.#attendTo(effect.route.active);
        await this.#extendFences(effect.route, signal);
        await this.#trafficOrThrow().route(effect.route);
        return DONE;
      case 'drainTraffic': {
        const { cut } = await this.#trafficOrThrow().drain({
          member: effect.member,
          timeoutMs: effect.timeoutMs,
        });
        return { type: 'drained', cut };
      }
      case 'recordIncident':
        this.#options.saveIncident(effect.incident);
        return DONE;
      case 'acquireLease':
      case 'renewLease':
      case 'releaseLease':
      case 'drainInput':
      case 'cancelEffects':
        throw new DriverError('driverFailed', `${effect.type} is the runtime's own`);
      default:
        return await executeOn(this.#member(effect.member), effect, signal);
    }
  }

  /** Ends what an earlier agent left of all members but the adopted ones. */
  async clear(adopted: readonly string[], signal: AbortSignal): Promise<void> {
    const others = [...this.#options.members].filter(([name]) => !adopted.includes(name));
    await Promise.all(others.map(async ([, { driver }]) => await driver.clear({ signal })));
  }

  /** Lets go of the members, which run on. */
  async leave(): Promise<void> {
    await Promise.all([...this.#options.members.values()].map((member) => member.close()));
  }

  /** Ends the members in an orderly way, all at once; those that do not end are killed. */
  async stop(graceMs: number, signal: AbortSignal): Promise<void> {
    const members = [...this.#options.members.values()];
    for (const member of members) member.unwatch();
    await Promise.all(members.map((member) => member.driver.stop({ graceMs, signal })));
    await Promise.all(members.map((member) => member.close()));
  }

  trafficEvent(event: TrafficEvent): void {
    const { name: service, onEvent, now } = this.#options;
    const at = now();
    switch (event.type) {
      case 'failed':
        return onEvent({ ...event, type: 'trafficFailed', at, service });
      case 'fellBack':
        return onEvent({ ...event, type: 'trafficFellBack', at, service });
      case 'sampled':
        return onEvent({ ...event, type: 'trafficSampled', at, service });
      case 'certificate':
        return this.#options.onCertificate({ file: event.file, fault: event.fault });
      case 'process': {
        const { type: _, ...news } = event;
        return this.#options.onProcess(news);
      }
      case 'acceptedEarly':
        return this.#options.onAcceptedEarly(event.member);
      case 'lost':
        return onEvent({ type: 'trafficLost', at, service });
      case 'restored':
        return onEvent({ type: 'trafficRestored', at, service });
      default:
        return unreachable(event);
    }
  }

  /**
   * A route carries the lease's end, and each renewal makes a new one: so a fence with a deadline gets the one that the
   * data plane gets, and before it, as no request may meet a fence that is still shut. If it cannot be extended the
   * order fails, and the core gives it again.
   */
  async #extendFences(route: Route, signal: AbortSignal): Promise<void> {
    const { epoch, leaseUntil: until } = route;
    const named = route.active === null ? [] : [route.active, ...route.fallbacks];
    // Members of other hosts have their fences there.
    const fences = named
      .flatMap((name) => this.#options.members.get(name)?.fence ?? [])
      .filter(({ abilities }) => abilities.extendable);
    await Promise.all(fences.map((fence) => fence.extend({ epoch, until, signal })));
  }

  /** The active member is watched the most closely. */
  #attendTo(active: string | null): void {
    for (const [name, { driver }] of this.#options.members) driver.lookForCollapse(name === active);
  }

  #member(name: string): LocalMember {
    const member = this.#options.members.get(name);
    if (member === undefined)
      throw new DriverError('notFound', `${name} is not a member on this host`);
    return member;
  }

  #trafficOrThrow(): TrafficDriver {
    if (this.#options.traffic === null)
      throw new DriverError('driverFailed', 'observe-only has no data plane');
    return this.#options.traffic;
  }
}

type MemberEffect = Extract<Effect, { member: string }>;

async function executeOn(
  member: LocalMember,
  effect: Exclude<MemberEffect, { type: 'acquireLease' | 'renewLease' | 'drainTraffic' }>,
  signal: AbortSignal,
): Promise<EffectResult> {
  switch (effect.type) {
    case 'startMember':
      return await member.start(effect.capacity, signal);
    case 'awaitReady':
      return await member.awaitReady(effect.deadline, signal);
    case 'primeMember':
      return await member.prime(effect.deadline, signal);
    case 'stopMember':
      await member.driver.stop({ graceMs: effect.graceMs, signal });
      return DONE;
    case 'fenceMember':
      await member.fence.fence({ signal });
      return DONE;
    case 'freezeMember':
      await member.driver.freeze({ signal });
      return DONE;
    case 'thawMember':
      await member.driver.thaw({ signal });
      return DONE;
    case 'setCapacity':
      await member.driver.setCapacity(effect.capacity, { signal });
      return DONE;
    case 'watchMember':
      member.watch(effect.incarnation);
      return DONE;
    case 'unwatchMember':
      member.unwatch();
      return DONE;
    case 'probeMember':
      return await member.check(effect.timeoutMs);
    default:
      return await changeRole(member, effect, signal);
  }
}

async function changeRole(
  { driver }: LocalMember,
  effect: Extract<Effect, { type: 'promoteMember' | 'demoteMember' | 'rejoinMember' }>,
  signal: AbortSignal,
): Promise<EffectResult> {
  switch (effect.type) {
    case 'promoteMember':
      await needs(driver.promote?.({ epoch: effect.epoch, signal }), effect.type);
      return DONE;
    case 'demoteMember':
      await needs(driver.demote?.({ signal }), effect.type);
      return DONE;
    case 'rejoinMember':
      await needs(driver.rejoin?.({ active: effect.active, signal }), effect.type);
      return DONE;
    default:
      return unreachable(effect);
  }
}

async function needs(done: Promise<void> | undefined, name: string): Promise<void> {
  if (done === undefined)
    throw new DriverError('driverFailed', `this kind of member has no ${name}`);
  await done;
}
