import { carriedOver } from '../../src/core/carry-over.ts';
import type { CoreConfig } from '../../src/core/config.ts';
import type { Effect, LeaseRecord } from '../../src/core/effect.ts';
import type { EffectResult, Event } from '../../src/core/event.ts';
import { initialState } from '../../src/core/initial.ts';
import type { EffectFault } from '../../src/core/reasons.ts';
import type { AgentState, ServiceState } from '../../src/core/state.ts';
import { nextDeadline, step } from '../../src/core/step.ts';
import { transcriptLine } from '../../src/replay/transcript.ts';

// A small virtual world around the core for its tests: one agent, members that live, hang or are dead,
// drivers that answer after fixed delays unless told otherwise, and a clock that jumps from one
// event to the next. Everything is ordered by (due time, sequence), so a run is the same every time.

type Process = {
  alive: boolean;
  hung: boolean;
  frozen: boolean;
  incarnation: number;
  watched: number | null;
  latencyMs: number;
  /** It has lost its memory: until then the kernel tears the rest of it down. */
  endsAt: number | null;
};

export type Rule = {
  readonly type: Effect['type'];
  readonly member: string | null;
  readonly outcome: 'fail' | 'drop' | 'delay' | 'duplicate';
  readonly fault: EffectFault;
  readonly delayMs: number;
  times: number;
};

const DELAYS_MS: Partial<Record<Effect['type'], number>> = {
  startMember: 5,
  awaitReady: 60,
  primeMember: 50,
  fenceMember: 4,
  stopMember: 20,
  acquireLease: 2,
  renewLease: 2,
  releaseLease: 2,
  switchTraffic: 1,
  drainTraffic: 10,
  promoteMember: 30,
  demoteMember: 15,
  rejoinMember: 50,
  freezeMember: 1,
  thawMember: 1,
  setCapacity: 1,
};

const SAMPLE_MS = 500;
const TEARDOWN_MS = 120;

type Entry = { readonly at: number; readonly sequence: number; readonly run: () => void };

export class World {
  readonly config: CoreConfig;
  state: AgentState;
  now = 0;
  readonly lines: string[] = [];
  readonly events: Event[] = [];
  readonly issued: Effect[] = [];
  readonly rules: Rule[] = [];
  readonly violations: string[] = [];
  /** What clients reach, and under which epoch. */
  routed: string | null = null;
  routeEpoch = 0;
  steps = 0;
  readonly #heap: Entry[] = [];
  #sequence = 0;
  readonly #ended = new Map<number, boolean>();
  /** Effects whose success will be told twice. */
  readonly #doubled = new Set<number>();
  /** Members that clients may have written to, by incarnation. */
  readonly #writable = new Map<string, number>();
  #waiting: Effect[] = [];
  readonly #processes = new Map<string, Process>();
  readonly #leases = new Map<string, LeaseRecord>();
  #timer = 0;
  #durable: AgentState;

  constructor(config: CoreConfig) {
    this.config = config;
    this.state = initialState(config, 0);
    this.#durable = this.state;
  }

  get service(): ServiceState {
    const [service] = this.state.services;
    if (service === undefined) throw new Error('the world has one service');
    return service;
  }

  start(): void {
    this.#sampleHost();
    this.deliver({ type: 'agentStarted', at: this.now, epochs: [], nextIncident: 1, carried: [] });
  }

  /** The agent dies with everything it started, and a new one starts on the same store. */
  restart(): void {
    this.#heap.length = 0;
    this.#waiting = [];
    for (const { name } of this.service.members)
      Object.assign(this.process(name), { alive: false, watched: null, endsAt: null });
    const { nextIncident, nextEffect } = this.state;
    const { name: service } = this.service;
    const epochs = [{ service, record: this.#leases.get(service) ?? null }];
    const carried = carriedOver(this.#durable, this.now);
    this.state = { ...initialState(this.config, this.now), nextEffect };
    this.#durable = this.state;
    this.#sampleHost();
    this.deliver({ type: 'agentStarted', at: this.now, epochs, nextIncident, carried });
  }

  /** Another host takes the lease, renews it for so long, and is not heard of again. */
  stealLease(host: string, keptMs = 0): void {
    const { name, members } = this.service;
    const epoch = (this.#leases.get(name)?.epoch ?? 0) + 1;
    const { durationMs, renewIntervalMs } = this.config.services[0]?.lease ?? {
      durationMs: 0,
      renewIntervalMs: 1,
    };
    const member = members.find((one) => one.host === host)?.name ?? 'elsewhere';
    const record = { holder: { host, member }, epoch, durationMs, renewal: 0 };
    this.#leases.set(name, record);
    this.#showLease();
    for (let renewal = 1; renewal * renewIntervalMs <= keptMs; renewal += 1) {
      this.#in(renewal * renewIntervalMs, () => {
        if (this.#leases.get(name)?.epoch !== epoch) return;
        this.#leases.set(name, { ...record, renewal });
        this.#showLease();
      });
    }
  }

  #showLease(): void {
    const { name: service } = this.service;
    const record = this.#leases.get(service) ?? null;
    this.#in(1, () => this.deliver({ type: 'leaseObserved', at: this.now, service, record }));
  }

  /** The agent alone dies; a new one reads the journal, looks at what runs, and goes on. */
  resume(): void {
    this.#heap.length = 0;
    this.#waiting = [];
    const { name: service, members } = this.service;
    const found = members.flatMap(({ name: member }) => {
      const process = this.process(member);
      process.watched = null;
      const { alive, frozen, incarnation, endsAt } = process;
      if (endsAt !== null) this.#foretell(member, process, endsAt);
      return alive ? [{ service, member, pid: 1000 + incarnation, incarnation, frozen }] : [];
    });
    const epochs = [{ service, record: this.#leases.get(service) ?? null }];
    this.state = this.#durable;
    this.#sampleHost();
    this.deliver({ type: 'agentRecovered', at: this.now, epochs, found });
  }

  process(name: string): Process {
    const known = this.#processes.get(name);
    if (known !== undefined) {
      if (known.endsAt !== null && known.endsAt <= this.now)
        Object.assign(known, { alive: false, endsAt: null });
      return known;
    }
    const made: Process = {
      alive: false,
      hung: false,
      frozen: false,
      incarnation: 0,
      watched: null,
      latencyMs: 1,
      endsAt: null,
    };
    this.#processes.set(name, made);
    return made;
  }

  exit(name: string): void {
    const process = this.process(name);
    if (!process.alive || process.endsAt !== null) return;
    process.alive = false;
    const { incarnation } = process;
    this.#in(3, () => this.#exited(name, incarnation, 'SIGKILL'));
  }

  /** A large process is killed: it executes nothing any more, but is gone only later. */
  collapse(name: string): void {
    const process = this.process(name);
    if (!process.alive || process.endsAt !== null) return;
    Object.assign(process, { hung: true, frozen: false, endsAt: this.now + TEARDOWN_MS });
    this.#foretell(name, process, this.now + TEARDOWN_MS);
  }

  #foretell(name: string, { incarnation }: Process, endsAt: number): void {
    const { name: service } = this.service;
    this.#in(4, () => {
      const pid = 1000 + incarnation;
      this.deliver({
        type: 'memberExiting',
        at: this.now,
        service,
        member: name,
        incarnation,
        pid,
      });
    });
    this.#in(endsAt - this.now, () => this.#exited(name, incarnation, 'SIGKILL'));
  }

  #exited(name: string, incarnation: number, signal: string): void {
    this.deliver({
      type: 'memberExited',
      at: this.now,
      service: this.service.name,
      member: name,
      incarnation,
      exitCode: null,
      signal,
      how: 'exited',
      pid: 1000 + incarnation,
    });
  }

  deliver(event: Event): void {
    const before = this.service;
    this.events.push(event);
    this.steps += 1;
    const { state, effects } = step(this.config, this.state, event);
    this.state = state;
    // Events without effects are written in batches, so the newest of them die with the agent.
    if (effects.length > 0) this.#durable = structuredClone(state);
    this.issued.push(...effects);
    this.#log(event, before, effects);
    for (const effect of effects) this.#take(effect);
    this.#arm();
  }

  /** Runs until the instant `now + ms`. */
  run(ms: number): void {
    const until = this.now + ms;
    for (let count = 0; count < 1_000_000; count += 1) {
      const [next] = this.#heap;
      if (next === undefined || next.at > until) {
        this.now = until;
        return;
      }
      this.#heap.shift();
      this.now = Math.max(this.now, next.at);
      next.run();
    }
    throw new Error('the world does not come to rest');
  }

  #in(delayMs: number, run: () => void): void {
    const entry = { at: this.now + delayMs, sequence: this.#sequence, run };
    this.#sequence += 1;
    const index = this.#heap.findIndex((other) => other.at > entry.at);
    if (index === -1) this.#heap.push(entry);
    else this.#heap.splice(index, 0, entry);
  }

  #arm(): void {
    const dueAt = nextDeadline(this.config, this.state);
    this.#timer += 1;
    const timer = this.#timer;
    if (dueAt === null) return;
    this.#in(Math.max(0, dueAt - this.now), () => {
      if (timer === this.#timer) this.deliver({ type: 'deadlineReached', at: this.now, dueAt });
    });
  }

  #take(effect: Effect): void {
    if (effect.type === 'cancelEffects') {
      this.#waiting = this.#waiting.filter((waiting) => {
        if (!effect.ids.includes(waiting.id)) return true;
        this.#in(0, () => this.#fail(waiting, 'cancelled'));
        return false;
      });
    }
    this.#waiting.push(effect);
    this.#release();
  }

  #release(): void {
    const ready = this.#waiting.filter((effect) => effect.after.every((id) => this.#ended.has(id)));
    this.#waiting = this.#waiting.filter((effect) => !ready.includes(effect));
    for (const effect of ready) {
      if (effect.after.some((id) => this.#ended.get(id) === false))
        this.#in(0, () => this.#fail(effect, 'dependencyFailed'));
      else this.#execute(effect);
    }
  }

  #execute(effect: Effect): void {
    const member = 'member' in effect ? effect.member : null;
    const rule = this.rules.find(
      (r) => r.type === effect.type && (r.member === null || r.member === member) && r.times > 0,
    );
    if (rule !== undefined) rule.times -= 1;
    const delayMs = rule?.outcome === 'delay' ? rule.delayMs : (DELAYS_MS[effect.type] ?? 0);
    if (rule?.outcome === 'drop') return;
    this.#in(delayMs, () => {
      if (rule?.outcome === 'fail') this.#fail(effect, rule.fault);
      else this.#perform(effect);
    });
    if (rule?.outcome === 'duplicate') this.#doubled.add(effect.id);
  }

  #perform(effect: Effect): void {
    const process = 'member' in effect ? this.process(effect.member) : null;
    switch (effect.type) {
      case 'startMember':
        return this.#startProcess(effect, process);
      case 'awaitReady':
        return this.#answer(effect, process);
      case 'stopMember':
      case 'fenceMember':
        return this.#end(effect, process);
      case 'probeMember':
        return this.#probe(effect, process);
      case 'acquireLease':
      case 'renewLease':
      case 'releaseLease':
        return this.#lease(effect);
      case 'drainTraffic':
        return this.#succeed(effect, { type: 'drained', cut: 0 });
      case 'switchTraffic':
        return this.#switch(effect);
      default:
        if (process !== null) this.#change(effect, process);
        return this.#succeed(effect, { type: 'done' });
    }
  }

  #answer(effect: Effect, process: Process | null): void {
    if (process?.alive === true && !process.hung) this.#succeed(effect, { type: 'done' });
    else this.#fail(effect, 'notReady');
  }

  #startProcess(effect: Effect, process: Process | null): void {
    if (process?.alive !== false) return this.#fail(effect, 'stillRunning');
    process.alive = true;
    process.hung = false;
    process.frozen = false;
    process.incarnation += 1;
    this.#succeed(effect, {
      type: 'started',
      pid: 1000 + process.incarnation,
      incarnation: process.incarnation,
    });
  }

  #change(effect: Effect, process: Process): void {
    if (effect.type === 'freezeMember') process.frozen = true;
    if (effect.type === 'thawMember') process.frozen = false;
    if (effect.type === 'unwatchMember') process.watched = null;
    if (effect.type === 'watchMember') this.#watch(effect.member, effect.incarnation);
    if (effect.type === 'demoteMember') this.#writable.delete(effect.member);
  }

  /** What clients reach. Two incarnations that could both take writes are the harm that exclusive forbids. */
  #switch(effect: Effect & { type: 'switchTraffic' }): void {
    const { active, epoch } = effect.route;
    if (epoch < this.routeEpoch) return this.#fail(effect, 'conflict');
    this.routeEpoch = epoch;
    this.routed = active;
    if (active !== null) {
      for (const [other, incarnation] of this.#writable) {
        const process = this.process(other);
        const alive = process.alive && process.incarnation === incarnation;
        if (other !== active && alive && this.config.services[0]?.exclusive === true) {
          this.violations.push(
            `${active} serves while ${other} of an epoch before ${epoch} may still write`,
          );
        }
      }
      this.#writable.clear();
      this.#writable.set(active, this.process(active).incarnation);
    }
    this.#succeed(effect, { type: 'done' });
  }

  #end(effect: Effect, process: Process | null): void {
    if (process !== null && process.endsAt !== null) {
      this.#in(process.endsAt - this.now + 1, () => this.#perform(effect));
      return;
    }
    if (process?.alive === true && 'member' in effect) {
      process.alive = false;
      process.watched = null;
      this.#exited(
        effect.member,
        process.incarnation,
        effect.type === 'stopMember' ? 'SIGTERM' : 'SIGKILL',
      );
    }
    this.#succeed(effect, { type: 'done' });
  }

  #probe(effect: Effect & { type: 'probeMember' }, process: Process | null): void {
    const answer = (result: EffectResult) => this.#succeed(effect, result);
    if (process === null || !process.alive) {
      answer({
        type: 'probed',
        channel: 'http',
        answer: { ok: false, fault: 'refused', detail: 'ECONNREFUSED' },
      });
    } else if (process.hung || process.frozen) {
      const late = { ok: false, fault: 'timeout', detail: `${effect.timeoutMs} ms` } as const;
      this.#in(effect.timeoutMs, () => answer({ type: 'probed', channel: 'http', answer: late }));
    } else {
      answer({
        type: 'probed',
        channel: 'http',
        answer: { ok: true, latencyMs: process.latencyMs },
      });
    }
  }

  #lease(effect: Effect & { type: 'acquireLease' | 'renewLease' | 'releaseLease' }): void {
    const before = this.#leases.get(effect.service);
    const expected = effect.type === 'acquireLease' ? effect.expectedEpoch : effect.epoch;
    if ((before?.epoch ?? 0) !== expected) {
      this.#showLease();
      return this.#fail(effect, 'conflict');
    }
    const record =
      effect.type === 'releaseLease' && before !== undefined
        ? { ...before, durationMs: 1, renewal: before.renewal + 1 }
        : this.#held(effect);
    this.#leases.set(effect.service, record);
    this.#succeed(effect, { type: 'leased', record });
  }

  #held(effect: Effect): LeaseRecord {
    return {
      holder: { host: this.config.host, member: 'member' in effect ? effect.member : '' },
      epoch: effect.type === 'acquireLease' ? effect.expectedEpoch + 1 : this.service.epoch,
      durationMs: this.config.services[0]?.lease.durationMs ?? 0,
      renewal: effect.type === 'renewLease' ? effect.renewal : 0,
    };
  }

  /** Routine probes of one incarnation, for as long as it is watched. */
  #watch(name: string, incarnation: number): void {
    const process = this.process(name);
    process.watched = incarnation;
    const { intervalMs } = this.config.services[0]?.detection ?? { intervalMs: 100 };
    let sequence = 0;
    const look = (): void => {
      if (process.watched !== incarnation) return;
      sequence += 1;
      const base = {
        service: this.service.name,
        member: name,
        incarnation,
        channel: 'http',
        sequence,
      } as const;
      if (!process.alive)
        this.deliver({
          type: 'probeFailed',
          at: this.now,
          ...base,
          fault: 'refused',
          detail: 'ECONNREFUSED',
        });
      else if (!process.hung && !process.frozen) {
        this.deliver({
          type: 'probeSucceeded',
          at: this.now,
          ...base,
          latencyMs: process.latencyMs,
        });
      }
      this.#in(intervalMs, look);
    };
    this.#in(intervalMs, look);
  }

  /** The agent's look at itself: always fit here, unless a test says otherwise. */
  #sampleHost(): void {
    this.#in(SAMPLE_MS, () => {
      const calm = { lateMs: 0, runDelayMs: 0, throttledMs: 0, wallStepMs: 0, suspendedMs: 0 };
      this.deliver({ type: 'hostSampled', at: this.now, ...calm, echoMs: 0.1 });
      this.#sampleHost();
    });
  }

  #succeed(effect: Effect, result: EffectResult): void {
    this.#ended.set(effect.id, true);
    if (this.#doubled.delete(effect.id)) this.#in(5, () => this.#succeed(effect, { type: 'done' }));
    this.deliver({ type: 'effectSucceeded', at: this.now, id: effect.id, result });
    this.#release();
  }

  #fail(effect: Effect, fault: EffectFault): void {
    this.#ended.set(effect.id, false);
    this.deliver({ type: 'effectFailed', at: this.now, id: effect.id, fault, detail: 'told to' });
    this.#release();
  }

  #log(event: Event, before: ServiceState, effects: readonly Effect[]): void {
    const line = transcriptLine(this.now, { event, before, after: this.service, effects });
    if (line !== null) this.lines.push(line);
  }
}
