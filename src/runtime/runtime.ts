import type { Effect, Route } from '../core/effect.ts';
import type { Event, FoundMember, KnownEpoch } from '../core/event.ts';
import type { Outcome } from '../core/effect-results.ts';
import { HOLD } from '../core/route.ts';
import type { AgentState } from '../core/state.ts';
import type { DurationMs } from '../core/time.ts';
import { HostSampler, type HostReadings } from './host-sampler.ts';
import { LeaseClient } from './lease-client.ts';
import { AgentLoop, type LoopOptions } from './loop.ts';
import type { Cancel, Leases, StoreFailure } from './ports.ts';
import {
  carriedFrom,
  type FormerAgent,
  formerAgent,
  knownLeases,
  recoverableState,
} from './recover.ts';
import type { OpenEffect } from './runner.ts';

// One agent, from its start to its end, the same on Linux and in the simulator: it reads the leases, recovers what an
// crashed agent left running or starts everything, and from then on the loop decides. Beside the loop it watches the store
// and polls it, should a change not have been reported.

/** A start fails if the store has not answered by then; whatever supervises the agent starts it again. */
const START_TIMEOUT_MS = 2000;
const POLL_MS: DurationMs = 1000;

export type HeldService = { readonly service: string; readonly route: Route };

/** The host as a start finds it and makes it ready. */
export interface StartingHost {
  /** Takes over the members that an earlier agent left running. They continue under the incarnation after the known one. */
  adopt(known: AgentState): readonly FoundMember[];
  /**
   * Opens the data planes, gives those in `held` their route, so that clients wait there instead of meeting the end of each
   * member, and ends what is left of members that were not found.
   */
  prepare(found: readonly FoundMember[], held: readonly HeldService[], end: () => void): void;
  /** Numbers of incidents are never given twice. */
  nextIncident(): number;
}

type RuntimeOptions = LoopOptions & {
  readonly leases: Leases;
  readonly readings: HostReadings;
};

type KnownAtStart = Omit<Extract<Event, { type: 'agentStarted' }>, 'type' | 'at'>;

const NOTHING: Cancel = () => {};

export class Runtime {
  readonly #options: RuntimeOptions;
  readonly #clients: readonly LeaseClient[];
  readonly #loop: AgentLoop;
  #cancelWatch: Cancel = NOTHING;
  #cancelPoll: Cancel = NOTHING;
  #closed = false;

  constructor(options: RuntimeOptions) {
    const { config, leases } = options;
    this.#options = options;
    this.#clients = config.services.map(({ name: service, lease }, index) => {
      return new LeaseClient({
        service,
        host: config.host,
        leaseMs: lease.durationMs,
        leases,
        known: () => this.state.services[index]?.lease.record ?? null,
        onObserved: (record) =>
          this.deliver({ type: 'leaseObserved', at: options.time.now(), service, record }),
      });
    });
    this.#loop = new AgentLoop({
      ...options,
      carryOut: (effect, end) => this.#carryOut(effect, end),
    });
  }

  get state(): AgentState {
    return this.#loop.state;
  }

  /** Events decided upon so far. */
  get events(): number {
    return this.#loop.events;
  }

  /** Ends with null once the first event is decided, or with what the store said. */
  start(host: StartingHost, end: (failure: StoreFailure | null) => void): void {
    const { journal, leases, time } = this.#options;
    this.#cancelWatch = leases.watch((service, stored) => {
      for (const client of this.#clients) if (client.service === service) client.changed(stored);
    });
    const former = formerAgent(journal.newest());
    const known = knownLeases(former);
    let missing = this.#clients.length;
    let over = false;
    const finish = (failure: StoreFailure | null): void => {
      if (over || this.#closed) return;
      over = true;
      cancelTimeout();
      if (failure === null) this.#prepare(host, former, () => end(null));
      else end(failure);
    };
    const detail = `no answer within ${START_TIMEOUT_MS} ms`;
    const cancelTimeout = time.at(time.now() + START_TIMEOUT_MS, () =>
      finish({ type: 'failed', fault: 'storeUnavailable', detail }),
    );
    const ready = (failure: StoreFailure | null): void => {
      missing -= 1;
      if (failure !== null || missing === 0) finish(failure);
    };
    for (const client of this.#clients) {
      // A store from an old backup would give epochs a second time: it must know each that the journal knows.
      const record = known.find(({ service }) => service === client.service)?.record ?? null;
      client.read((failure) => (failure === null ? client.raise(record, ready) : ready(failure)));
    }
  }

  deliver(event: Event): void {
    this.#loop.deliver(event);
  }

  continueFrom(state: AgentState): void {
    this.#loop.continueFrom(state);
  }

  /** Effects that have not ended. */
  get openEffects(): Iterable<OpenEffect> {
    return this.#loop.openEffects;
  }

  /** Nothing happens any more. What runs on this host is left as it is. */
  close(): void {
    this.#closed = true;
    this.#cancelWatch();
    this.#cancelPoll();
    this.#loop.close();
  }

  #prepare(host: StartingHost, former: FormerAgent | null, end: () => void): void {
    const { config, time } = this.#options;
    const epochs = this.#clients.map(({ service, record }) => ({ service, record }));
    const state = recoverableState(former, config, epochs);
    const found = state === null ? [] : host.adopt(state);
    if (state !== null && found.length > 0) this.#loop.continueFrom(state);
    host.prepare(found, heldServices(epochs, found), () => {
      if (this.#closed) return;
      this.#begin(found, {
        epochs,
        nextIncident: host.nextIncident(),
        carried: found.length > 0 ? [] : carriedFrom(former, time.now()),
      });
      end();
    });
  }

  #begin(found: readonly FoundMember[], known: KnownAtStart): void {
    const { time, readings } = this.#options;
    const sampler = new HostSampler({
      time,
      readings,
      onSample: (sample, at) => this.deliver({ type: 'hostSampled', at, ...sample }),
    });
    this.#pollLater();
    const at = time.now();
    const event: Event =
      found.length > 0
        ? { type: 'agentRecovered', at, epochs: known.epochs, found }
        : { type: 'agentStarted', at, ...known };
    this.#loop.begin(event, sampler);
  }

  #carryOut(effect: Effect, end: (outcome: Outcome) => void): Cancel {
    switch (effect.type) {
      case 'acquireLease':
      case 'renewLease':
      case 'releaseLease':
        this.#clients.find(({ service }) => service === effect.service)?.swap(effect, end);
        return NOTHING;
      default:
        return this.#options.carryOut(effect, end);
    }
  }

  #pollLater(): void {
    const { time } = this.#options;
    this.#cancelPoll = time.at(time.now() + POLL_MS, () => {
      for (const client of this.#clients) client.poll();
      this.#pollLater();
    });
  }
}

/** Services that had a leader before, and of which nothing is recovered: clients wait until there is an active member. */
function heldServices(
  epochs: readonly KnownEpoch[],
  found: readonly FoundMember[],
): readonly HeldService[] {
  return epochs.flatMap(({ service, record }) =>
    record === null || found.some((one) => one.service === service)
      ? []
      : [{ service, route: { epoch: record.epoch, ...HOLD } }],
  );
}
