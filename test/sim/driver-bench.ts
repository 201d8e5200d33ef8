import type { EffectOrder, Route } from '../../src/core/effect.ts';
import type { EffectResult } from '../../src/core/event.ts';
import { DriverError } from '../../src/drivers/driver-error.ts';
import type { Fence } from '../../src/drivers/fence/contract.ts';
import type {
  TrafficAbilities,
  TrafficDriver,
  TrafficEvent,
} from '../../src/drivers/traffic/contract.ts';
import { HostClock } from '../../src/sim/clock.ts';
import { type Answer, DataPlane } from '../../src/sim/data-plane.ts';
import { Drivers } from '../../src/sim/drivers.ts';
import { Host } from '../../src/sim/host.ts';
import { Member } from '../../src/sim/member.ts';
import { Mishaps } from '../../src/sim/mishaps.ts';
import { NO_MISHAPS } from '../../src/sim/options.ts';
import { Network } from '../../src/sim/network.ts';
import { Prober } from '../../src/sim/prober.ts';
import { Random } from '../../src/sim/random.ts';
import { Scheduler } from '../../src/sim/scheduler.ts';
import { serviceConfig } from '../core/configs.ts';

// One simulated host with the members of one service, and its twins of the drivers behind the contracts of the real
// ones, so that both can be held to the same suites. Promises settle as virtual time goes on, which only `settle`
// and `pass` bring about.

/** What the simulated data plane is a twin of: the proxy. */
export const PLANE_ABILITIES: TrafficAbilities = {
  holds: true,
  drains: true,
  replays: true,
  fallsBack: true,
  obeysLeaseEnd: true,
  shieldsStandbys: true,
  carriesAddress: false,
  seesRequests: true,
};

const STEP_MS = 1;
/** Beyond that nothing that a suite waits for comes any more. */
const PATIENCE_MS = 60_000;

export class DriverBench {
  readonly events: TrafficEvent[] = [];
  readonly #scheduler = new Scheduler();
  readonly #host = new Host({
    name: 'h1',
    node: 0,
    clock: new HostClock(1000, 1),
    scheduler: this.#scheduler,
  });
  readonly #random = new Random(1);
  readonly #members: readonly Member[];
  readonly #plane: DataPlane;
  #pids = 0;
  #requests = 0;

  constructor(names: readonly string[]) {
    const latencyMs = { low: 0.1, high: 1 };
    const network = new Network(
      1,
      { latencyMs, loss: 0, duplication: 0 },
      this.#random.split('network'),
      this.#scheduler,
    );
    this.#members = names.map(
      (name) =>
        new Member({
          name,
          host: this.#host,
          copy: null,
          random: this.#random.split(name),
          replication: null,
          readyAfterMs: { low: 1, high: 10 },
          onPromoted: () => {},
        }),
    );
    this.#plane = new DataPlane({
      service: 'shop',
      host: this.#host,
      network,
      members: this.#members,
      limits: { holdMs: 10_000, holdRequests: 100, answerMs: 0 },
      onNews: (news) => this.events.push(news.type === 'failed' ? { ...news, count: 1 } : news),
      onAnswer: () => {},
      onRoute: () => {},
    });
  }

  now(): number {
    return this.#host.now();
  }

  async pass(instant: number): Promise<void> {
    while (this.now() <= instant) await this.#step();
  }

  async until(condition: () => boolean, what: string): Promise<void> {
    for (const endAt = this.now() + PATIENCE_MS; !condition();) {
      if (this.now() > endAt) throw new Error(`did not come true: ${what}`);
      await this.#step();
    }
  }

  readonly settle = async <T>(promise: Promise<T>): Promise<T> => {
    const progress = { isOver: false };
    const settled = promise.finally(() => {
      progress.isOver = true;
    });
    // Whoever awaits the result hears of a failure; nobody has to until then.
    settled.catch(() => {});
    await this.until(() => progress.isOver, 'the outcome of an order');
    return await settled;
  };

  member(name: string): Member {
    const member = this.#members.find((one) => one.name === name);
    if (member === undefined) throw new RangeError(`there is no member ${name}`);
    return member;
  }

  async start(name: string): Promise<void> {
    const drivers = this.#drivers(0);
    await this.settle(
      this.#order(drivers, { type: 'startMember', member: name, capacity: 'full' }),
    );
    await this.settle(this.#order(drivers, { type: 'awaitReady', member: name }));
  }

  /** A client's request through the data plane; never settles while it is held. */
  request(): Promise<Answer> {
    this.#requests += 1;
    const request = { id: this.#requests, operation: { type: 'read' } } as const;
    if (!this.#plane.up) return Promise.resolve({ type: 'refused' });
    return new Promise((resolve) => this.#plane.request(request, resolve));
  }

  traffic(): TrafficDriver {
    const drivers = this.#drivers(0);
    return {
      abilities: PLANE_ABILITIES,
      open: async () => {},
      openEventually: () => {},
      route: async (route: Route) => {
        await this.#order(drivers, { type: 'switchTraffic', route });
      },
      drain: async (options) => {
        const result = await this.#order(drivers, { type: 'drainTraffic', ...options });
        return { cut: result.type === 'drained' ? result.cut : 0 };
      },
      // The twin counts nothing; what it sees of a member is what the core is told.
      stats: async () => null,
      close: async () => this.#plane.stop(),
      leave: () => {},
    };
  }

  /** `failing`: the share of orders that come to nothing. */
  fence(member: string, failing = 0): Fence {
    const drivers = this.#drivers(failing);
    return {
      abilities: { proof: 'ended', extendable: false },
      extend: async () => {},
      fence: async () => {
        await this.#order(drivers, { type: 'fenceMember', member });
      },
    };
  }

  #drivers(orderFails: number): Drivers {
    const random = this.#random.split('drivers');
    const site = {
      config: serviceConfig(),
      host: this.#host,
      members: this.#members,
      plane: this.#plane,
      replication: null,
      probesSeeHangs: true,
    };
    const parts = {
      site,
      random,
      whileAlive: (action: () => void): void => action(),
      onEvent: (): void => {},
      nextPid: () => (this.#pids += 1),
      mishaps: new Mishaps({ ...NO_MISHAPS, orderFails }, random),
    };
    return new Drivers({ ...parts, prober: new Prober(parts) });
  }

  #order(drivers: Drivers, order: EffectOrder): Promise<EffectResult> {
    const now = this.now();
    const effect = { id: 1, service: 'shop', after: [], issuedAt: now, withinMs: 10_000 };
    return new Promise((resolve, reject) =>
      drivers.execute({ ...order, ...effect, deadline: now + 10_000 }, (outcome) => {
        if (outcome.ok) resolve(outcome.result);
        else reject(new DriverError(outcome.fault, outcome.detail));
      }),
    );
  }

  async #step(): Promise<void> {
    this.#scheduler.runUntil(this.#scheduler.now + STEP_MS * 1000);
    // What is settled by now is heard of before time goes on.
    await new Promise((resolve) => setImmediate(resolve));
  }
}
