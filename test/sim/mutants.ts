import type { Swarm } from '../../src/sim/swarms.ts';

// Deliberate defects of the core, the runtime and the simulated drivers, each of which the simulator must catch within `seeds` seeds
// of its swarm. One is a textual change of a copy of the sources, so the real code is what is mutated; each text must
// occur exactly once, so that a change of the code that moves it fails loudly instead of testing nothing.
// Longer than most files because it is one list.

export type Mutation = { readonly file: string; readonly from: string; readonly to: string };

export type Mutant = {
  readonly name: string;
  readonly swarm: Swarm;
  /** Hosts at most, of the usual swarm. */
  readonly hostsMax: 1 | 3;
  /** Seeds from 1 on, of which one must fail. */
  readonly seeds: number;
  /** The rule that the first of them violates. */
  readonly rule: string;
  readonly mutations: readonly Mutation[];
};

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'the plan of an exclusive service does not wait for the fence',
    swarm: 'usual',
    hostsMax: 1,
    seeds: 10,
    rule: 'no broken invariant',
    mutations: [
      {
        file: 'core/takeover.ts',
        from: '? [stop.demote, fence, ...fenceFormerTargets(context, operation, to)]',
        to: '? [stop.demote]',
      },
    ],
  },
  {
    name: 'what an earlier plan may have made active is not fenced',
    swarm: 'flakyEffects',
    hostsMax: 1,
    seeds: 400,
    rule: 'fenced before promoted',
    mutations: [
      {
        file: 'core/takeover.ts',
        from: '? [stop.demote, fence, ...fenceFormerTargets(context, operation, to)]',
        to: '? [stop.demote, fence]',
      },
    ],
  },
  {
    name: 'the fence says that it succeeded and leaves the member alone',
    swarm: 'usual',
    hostsMax: 1,
    seeds: 10,
    rule: 'fenced before promoted',
    mutations: [
      {
        file: 'sim/drivers.ts',
        from: "this.#end(member, effect.type === 'stopMember' ? 'SIGTERM' : 'SIGKILL');",
        to: "if (effect.type === 'stopMember') this.#end(member, 'SIGTERM');",
      },
    ],
  },
  {
    name: 'the end of a lease is judged by a time that another host wrote',
    swarm: 'leaseEdge',
    hostsMax: 3,
    seeds: 20,
    rule: 'no broken invariant',
    mutations: [
      {
        file: 'sim/store-client.ts',
        from: 'store.compareAndSwap(service, revision, record)',
        to: 'store.compareAndSwap(service, revision, { ...record, writtenAt: host.now() } as LeaseRecord)',
      },
      {
        file: 'core/lease.ts',
        from: ': { record, seenAt: at, heldUntil: null, renewAt: null };',
        to: ': { record, seenAt: (record as { writtenAt?: number } | null)?.writtenAt ?? at, heldUntil: null, renewAt: null };',
      },
    ],
  },
  {
    name: 'the safety margin of the lease is forgotten',
    swarm: 'leaseEdge',
    hostsMax: 3,
    seeds: 100,
    rule: 'never two actives',
    mutations: [
      {
        file: 'core/route.ts',
        from: 'const leaseMs = config.lease.durationMs - config.lease.marginMs;',
        to: 'const leaseMs = config.lease.durationMs;',
      },
    ],
  },
  {
    name: 'another host takes the lease before it has expired',
    swarm: 'leaseEdge',
    hostsMax: 3,
    seeds: 60,
    rule: 'never two actives',
    mutations: [
      {
        file: 'core/lease.ts',
        from: 'return lease.seenAt + durationMs;',
        to: 'return lease.seenAt + durationMs * 0.8;',
      },
    ],
  },
  {
    name: 'a renewal is forgotten',
    swarm: 'usual',
    hostsMax: 3,
    seeds: 10,
    rule: 'well again once faults stop',
    mutations: [
      {
        file: 'core/lease.ts',
        from: 'if (record === null || renewAt === null || context.at < renewAt) return;',
        to: 'if (record === null || renewAt === null || record.renewal >= 1) return;',
      },
    ],
  },
  {
    name: 'the lease is swapped against a version that was read after the decision',
    swarm: 'leaseEdge',
    hostsMax: 3,
    seeds: 20,
    rule: 'epochs strictly grow',
    mutations: [
      {
        file: 'sim/store-client.ts',
        from: 'store.compareAndSwap(service, revision, record)',
        to: 'store.compareAndSwap(service, revision * 0 + store.get(service).revision, record)',
      },
    ],
  },
  {
    name: 'the data plane forwards past the end of the lease',
    swarm: 'leaseEdge',
    hostsMax: 3,
    seeds: 60,
    rule: 'never two actives',
    mutations: [
      {
        file: 'sim/data-plane.ts',
        from: 'route.active === null || !this.mayForward()) return null;',
        to: 'route.active === null) return null;',
      },
    ],
  },
  {
    name: 'a standby is promoted whatever it lacks',
    swarm: 'laggingReplicas',
    hostsMax: 1,
    seeds: 50,
    rule: 'no acknowledged write is lost beyond the RPO',
    mutations: [
      {
        file: 'core/newest-copy.ts',
        from: "if (newest === null || behind === null || ahead === null) return [{ code: 'lagUnknown' }];",
        to: 'if (newest === null || behind === null || ahead === null || limitBytes >= 0) return [];',
      },
    ],
  },
  {
    name: 'a lag is trusted however old it is',
    swarm: 'laggingReplicas',
    hostsMax: 1,
    seeds: 150,
    rule: 'no acknowledged write is lost beyond the RPO',
    mutations: [
      {
        file: 'core/newest-copy.ts',
        from: 'return ageMs > limitMs ?',
        to: 'return ageMs > limitMs + 1e9 ?',
      },
    ],
  },
  {
    name: 'a write is acknowledged before the standbys have it',
    swarm: 'laggingReplicas',
    hostsMax: 1,
    seeds: 100,
    rule: 'no acknowledged write is lost beyond the RPO',
    mutations: [
      {
        file: 'sim/replication.ts',
        from: "this.#mode === 'async' ? copy.log.length : this.#confirmedByAll(primary, copy)",
        to: "this.#mode === 'async' || copy.log.length > 0 ? copy.log.length : this.#confirmedByAll(primary, copy)",
      },
    ],
  },
  {
    name: 'both members are promoted: a planned move leaves the old active as it is',
    swarm: 'usual',
    hostsMax: 1,
    seeds: 10,
    rule: 'no broken invariant',
    mutations: [
      {
        file: 'core/takeover.ts',
        from: 'planned && config.exclusive && replaces !== null ? planStop(context, replaces) : NO_STOP;',
        to: 'planned && config.exclusive && replaces === null ? planStop(context, to) : NO_STOP;',
      },
    ],
  },
  {
    name: 'an outcome that was lost is never missed',
    swarm: 'flakyEffects',
    hostsMax: 1,
    seeds: 10,
    rule: 'every effect ends',
    mutations: [
      {
        file: 'core/step.ts',
        from: 'if (context.at < effect.deadline + OUTCOME_GRACE_MS) continue;',
        to: 'if (context.at < effect.deadline + OUTCOME_GRACE_MS || effect.withinMs > 0) continue;',
      },
    ],
  },
  {
    name: 'the limit of failovers is ignored',
    swarm: 'usual',
    hostsMax: 1,
    seeds: 300,
    rule: 'no flapping beyond the limit',
    mutations: [
      {
        file: 'core/failback.ts',
        from: 'if (service.autoFailbackStopped || recent > config.failback.maxFailovers) {',
        to: 'if (service.autoFailbackStopped) {',
      },
    ],
  },
  {
    name: 'the data plane holds without a limit',
    swarm: 'usual',
    hostsMax: 1,
    seeds: 300,
    rule: 'every request ends',
    mutations: [
      {
        file: 'sim/data-plane.ts',
        from: "if (held > this.#options.limits.holdRequests) return this.#end(pending, { type: 'overloaded' });",
        to: '',
      },
    ],
  },
  {
    name: 'the core rolls dice',
    swarm: 'flakyEffects',
    hostsMax: 1,
    seeds: 100,
    rule: 'the journal replays to the same',
    mutations: [
      {
        file: 'core/plan-rollback.ts',
        from: 'return backoff(',
        to: 'return Math.random() * backoff(',
      },
    ],
  },
  {
    name: 'an epoch is used twice',
    swarm: 'usual',
    hostsMax: 3,
    seeds: 10,
    rule: 'epochs strictly grow',
    mutations: [
      {
        file: 'core/lease.ts',
        from: 'epoch: order.expectedEpoch + 1,',
        to: 'epoch: Math.max(1, order.expectedEpoch),',
      },
    ],
  },
  {
    name: 'the runner forgets the deadline of an effect',
    swarm: 'usual',
    hostsMax: 1,
    seeds: 120,
    rule: 'every effect ends',
    mutations: [
      {
        file: 'runtime/runner.ts',
        from: 'this.#options.time.at(deadline, () => this.#timeOut(task));',
        to: 'this.#options.time.at(deadline, task.cancel);',
      },
    ],
  },
  {
    name: 'an effect begins before what it waits for has ended',
    swarm: 'usual',
    hostsMax: 1,
    seeds: 10,
    rule: 'well again once faults stop',
    mutations: [
      {
        file: 'runtime/runner.ts',
        from: 'if (after.some((dependency) => !this.#ended.has(dependency))) return;',
        to: '',
      },
    ],
  },
  {
    name: 'a takeover that failed, by its fence or otherwise, is not tried again',
    swarm: 'flakyEffects',
    hostsMax: 1,
    seeds: 60,
    rule: 'well again once faults stop',
    mutations: [
      {
        file: 'core/plan-rollback.ts',
        from: 'notBefore: context.at + pauseMs,',
        to: 'notBefore: context.at + pauseMs + 1e9,',
      },
    ],
  },
  {
    name: 'an effect begins before its reason is durable',
    swarm: 'usual',
    hostsMax: 1,
    seeds: 10,
    rule: 'journal before act',
    mutations: [
      {
        file: 'runtime/loop.ts',
        from: 'if (effects.length > 0 || isTurningPoint(before, state)) journal.flush();',
        to: 'if (isTurningPoint(before, state)) journal.flush();',
      },
    ],
  },
  {
    name: 'a cancellation is lost',
    swarm: 'usual',
    hostsMax: 1,
    seeds: 60,
    rule: 'what is taken back never begins',
    mutations: [{ file: 'runtime/loop.ts', from: 'this.#runner.cancel(effect.ids);', to: '' }],
  },
  {
    name: 'the store is not polled',
    swarm: 'usual',
    hostsMax: 3,
    seeds: 100,
    rule: 'every agent knows the lease',
    mutations: [
      {
        file: 'runtime/runtime.ts',
        from: 'for (const client of this.#clients) client.poll();',
        to: '',
      },
    ],
  },
  {
    name: 'a lease is counted from the answer',
    swarm: 'leaseEdge',
    hostsMax: 3,
    seeds: 300,
    rule: 'never two actives',
    mutations: [
      {
        file: 'core/lease.ts',
        from: 'heldUntil: issuedAt + record.durationMs,',
        to: 'heldUntil: at + record.durationMs,',
      },
    ],
  },
];
