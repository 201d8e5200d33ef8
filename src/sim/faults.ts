import { unreachable } from '../core/assert.ts';
import type { Agent } from './agent.ts';
import {
  AGENT_VERBS,
  COMMANDS,
  HOST_VERBS,
  LOSE_WATCH,
  MEMBER_VERBS,
  SUPPORT_VERBS,
  SUSPEND,
  type AgentVerb,
  type CommandVerb,
  type Fault,
  type HostVerb,
  type MemberVerb,
  type NetworkVerb,
  type SupportVerb,
  type Verb,
} from './fault.ts';
import type { Member } from './member.ts';
import type { Simulation } from './simulation.ts';

// Injects faults into a simulation: each begins at its time and is undone at its end; endAll() undoes the remaining ones.

type Undo = () => void;

const SLOWEST = 400;
const WALL_STEP_MAX_MS = 3_600_000;
const DRIFT_MAX = 0.002;
const SLOW_STORE_MS = 1500;

export class Faults {
  readonly #world: Simulation;
  readonly #lasting = new Set<Undo>();
  #ended = false;

  constructor(world: Simulation) {
    this.#world = world;
  }

  schedule(faults: readonly Fault[]): void {
    for (const fault of faults)
      this.#world.scheduler.at(fault.atMs * 1000, () => {
        if (!this.#ended) this.#begin(fault);
      });
  }

  endAll(): void {
    this.#ended = true;
    for (const undo of this.#lasting) undo();
  }

  #begin(fault: Fault): void {
    const world = this.#world;
    world.trace.line(
      world.scheduler.now,
      'fault',
      `${fault.verb} ${fault.target} for ${fault.forMs} ms`,
    );
    const undo = this.#apply(fault);
    if (undo === null) return;
    const once = (): void => {
      if (!this.#lasting.delete(once)) return;
      undo();
    };
    this.#lasting.add(once);
    world.scheduler.in(fault.forMs * 1000, once);
  }

  #apply(fault: Fault): Undo | null {
    const world = this.#world;
    const { verb, target } = fault;
    if (isOneOf(MEMBER_VERBS, verb)) return this.#onMember(verb, fault, at(world.members, target));
    if (isOneOf([...AGENT_VERBS, LOSE_WATCH], verb))
      return this.#onAgent(verb, at(world.agents, target));
    if (isOneOf([...HOST_VERBS, SUSPEND], verb)) return this.#onHost(verb, fault, target);
    if (isOneOf(SUPPORT_VERBS, verb)) return this.#onSupport(verb, fault);
    if (isOneOf(COMMANDS, verb)) return this.#command(verb, fault);
    return this.#onNetwork(verb, fault);
  }

  #onMember(verb: MemberVerb, fault: Fault, member: Member): Undo | null {
    switch (verb) {
      case 'hangMember': {
        member.hang();
        return () => member.wake();
      }
      case 'slowMember': {
        member.slowness = 2 + (fault.amount % SLOWEST);
        return () => (member.slowness = 1);
      }
      case 'lieMember': {
        member.lies = true;
        return () => (member.lies = false);
      }
      case 'crashMember':
        member.host.run(() => member.die('SIGKILL'));
        return null;
      default:
        return unreachable(verb);
    }
  }

  #onAgent(verb: AgentVerb, agent: Agent): Undo | null {
    switch (verb) {
      case 'pauseAgent':
        agent.pause();
        return () => agent.unpause();
      case LOSE_WATCH:
        agent.loseWatch();
        return null;
      case 'crashAgent': {
        if (!agent.host.up) return null;
        agent.crash();
        const { boot } = agent.host;
        return () => {
          if (agent.host.boot === boot && !agent.running) agent.start();
        };
      }
      default:
        return unreachable(verb);
    }
  }

  #onHost(verb: HostVerb, fault: Fault, target: number): Undo | null {
    const world = this.#world;
    const host = at(world.hosts, target);
    switch (verb) {
      case 'pauseHost':
        host.pause();
        return () => host.unpause();
      case 'suspendHost':
        host.suspend();
        return () => host.unpause();
      case 'fillDisk':
        host.diskFull = true;
        return () => (host.diskFull = false);
      case 'driftClock':
        host.clock.drift(world.scheduler.now, 1 + DRIFT_MAX * (fault.amount / 500 - 1));
        return null;
      case 'stepWallClock':
        host.wallOffsetMs += (fault.amount / 500 - 1) * WALL_STEP_MAX_MS;
        return null;
      case 'crashHost':
        if (!host.up) return null;
        world.crashHost(host);
        return () => world.bootHost(host);
      default:
        return unreachable(verb);
    }
  }

  #onSupport(verb: SupportVerb, fault: Fault): Undo | null {
    const { store } = this.#world;
    switch (verb) {
      case 'silenceStore':
      case 'refuseStore':
        store.condition = verb === 'silenceStore' ? 'silent' : 'refusing';
        return () => (store.condition = 'well');
      case 'slowStore':
        store.delayMs = (fault.amount / 1000) * SLOW_STORE_MS;
        return () => (store.delayMs = 0.2);
      case 'crashPlane':
        return this.#world.crashPlane(fault.target);
      default:
        return unreachable(verb);
    }
  }

  #command(verb: CommandVerb, fault: Fault): Undo | null {
    const agent = at(this.#world.agents, fault.target);
    const { name: service, members } = at(this.#world.options.services, fault.amount);
    const to = fault.amount % 2 === 0 ? null : at(members, fault.amount).name;
    const base = { at: agent.host.now(), service };
    switch (verb) {
      case 'switchover':
        agent.told({ type: 'switchoverRequested', ...base, to });
        return null;
      case 'failover':
        agent.told({ type: 'failoverRequested', ...base, to });
        return null;
      case 'failback':
        agent.told({ type: 'failbackRequested', ...base });
        return null;
      case 'pauseService':
        agent.told({ type: 'pauseRequested', ...base });
        return () => agent.told({ type: 'resumeRequested', at: agent.host.now(), service });
      default:
        return unreachable(verb);
    }
  }

  #onNetwork(verb: NetworkVerb, fault: Fault): Undo | null {
    const { network, nodes } = this.#world;
    const one = fault.target % nodes;
    const others = Array.from({ length: nodes }, (_, node) => node).filter((node) => node !== one);
    const other = at(others, fault.amount);
    switch (verb) {
      case 'partition':
        for (const node of others) network.block(one, node);
        for (const node of others) network.block(node, one);
        return () => {
          for (const node of others) network.unblock(one, node);
          for (const node of others) network.unblock(node, one);
        };
      case 'partitionOneWay':
        network.block(one, other);
        return () => network.unblock(one, other);
      case 'hold':
        network.hold(one, other);
        return () => network.release(one, other);
      case 'slowLink':
        network.slow(one, other, 1 + fault.amount);
        return () => network.slow(one, other, 1);
      case 'swizzle':
        return this.#swizzle(fault, others, one);
      default:
        return unreachable(verb);
    }
  }

  /** Links of a node stop one by one and come back one by one in another order. */
  #swizzle(fault: Fault, others: readonly number[], one: number): Undo {
    const { network, scheduler } = this.#world;
    const gapUs = (fault.forMs * 1000) / (others.length * 2);
    const reach = (fault.amount % others.length) + 1;
    const stopped = others.slice(0, reach);
    stopped.forEach((node, index) =>
      scheduler.in(index * gapUs, () => {
        if (!this.#ended) network.block(one, node);
      }),
    );
    const restore = [...stopped.slice(1), ...stopped.slice(0, 1)];
    return () => {
      restore.forEach((node, index) =>
        scheduler.in(this.#ended ? 0 : index * gapUs, () => network.unblock(one, node)),
      );
    };
  }
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index % items.length];
  if (item === undefined) throw new RangeError('nobody to hit');
  return item;
}

function isOneOf<V extends Verb>(verbs: readonly V[], verb: Verb): verb is V {
  const all: readonly Verb[] = verbs;
  return all.includes(verb);
}
