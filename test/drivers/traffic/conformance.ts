import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Route } from '../../../src/core/effect.ts';
import type {
  TrafficAbilities,
  TrafficDriver,
  TrafficEvent,
} from '../../../src/drivers/traffic/contract.ts';
import { isFault } from '../member/conformance.ts';

// What every traffic driver must do, in the real world and in the simulated one. Which cases a driver has to pass
// follows from the abilities that it states, so that it cannot claim one that it does not have.

/** Of one service with the members a and b, none of which runs at first. */
export type TrafficSubject = {
  /** It is open. */
  readonly driver: TrafficDriver;
  readonly events: readonly TrafficEvent[];
  /** Resolves once the member would answer, if a client reached it. */
  start(member: string): Promise<void>;
  /** Ends it. What it had not answered is lost. */
  kill(member: string): Promise<void>;
  /** Stops its processes where they are, until they are killed. */
  hang(member: string): Promise<void>;
  /** Sends what may be sent again; resolves with the member that answered, or null where nobody did. */
  readonly request: () => Promise<string | null>;
  /** Resolves once the member has a request that it does not answer. */
  waitsFor(member: string): Promise<void>;
  readonly settle: <T>(promise: Promise<T>) => Promise<T>;
  now(): number;
  pass(instant: number): Promise<void>;
  until(condition: () => boolean, what: string): Promise<void>;
};

const LEASE_MS = 100;
/** Later than the end of any case. */
const FAR_MS = 600_000;
const isConflict = (error: unknown): boolean => isFault(error, 'conflict');

type Case = readonly [name: string, body: (subject: TrafficSubject) => Promise<void>];

export function trafficConformance(
  kind: string,
  abilities: TrafficAbilities,
  make: (t: TestContext) => Promise<TrafficSubject>,
): void {
  describe(`a traffic driver: ${kind}`, () => {
    for (const [name, body] of [...ALWAYS, ...casesFor(abilities)]) {
      it(name, async (t) => {
        const subject = await make(t);
        assert.deepEqual(subject.driver.abilities, abilities, 'it states what the suite asks');
        await body(subject);
      });
    }
  });
}

const ALWAYS: readonly Case[] = [
  ['brings clients to the active, and after a switch to the next one', switches],
  ['takes the same route again', takesAgain],
  ['takes no route of an earlier epoch, and goes on as before', refusesEarlier],
  ['serves on when the agent lets go of it', servesOn],
  ['serves nobody once it is closed', closes],
];

function casesFor(abilities: TrafficAbilities): readonly Case[] {
  const cases: readonly (readonly [has: boolean, ...Case])[] = [
    [abilities.holds, 'keeps clients waiting until there is an active', holds],
    [abilities.drains, 'resolves a drain once nothing is in flight', drains],
    [abilities.drains, 'cuts what a drain did not end in time, and says how much', cuts],
    [!abilities.drains, 'cuts nothing where it cannot drain', drainsNothing],
    [abilities.replays, 'asks the new active what the old one did not answer', replays],
    [abilities.fallsBack, 'turns to a fallback by itself, and reports it', fallsBack],
    [abilities.obeysLeaseEnd, 'brings clients to nobody past the lease’s end', obeysLeaseEnd],
    [abilities.shieldsStandbys, 'keeps clients from a standby that runs', shieldsStandbys],
    [abilities.seesRequests, 'reports that a member fails', reportsFailure],
    [!abilities.seesRequests, 'has no counters where it sees no requests', hasNoCounters],
  ];
  return cases.flatMap(([has, ...one]) => (has ? [one] : []));
}

function routeTo(active: string | null, more: Partial<Route> = {}): Route {
  return { epoch: 1, active, fallbacks: [], suspects: [], dead: [], leaseUntil: null, ...more };
}

async function route({ driver, settle }: TrafficSubject, to: Route): Promise<void> {
  await settle(driver.route(to));
}

async function ask({ request, settle }: TrafficSubject): Promise<string | null> {
  return await settle(request());
}

/** As the core does it: where standbys are not shielded from clients, only the active runs. */
async function serveFrom(subject: TrafficSubject, active: string, epoch = 1): Promise<void> {
  const { abilities } = subject.driver;
  const standby = active === 'a' ? 'b' : 'a';
  if (!abilities.shieldsStandbys) await subject.kill(standby);
  else await subject.start(standby);
  await subject.start(active);
  await route(subject, routeTo(active, { epoch }));
  if (!abilities.drains) await subject.kill(standby);
}

async function switches(subject: TrafficSubject): Promise<void> {
  await serveFrom(subject, 'a');
  for (let count = 0; count < 5; count += 1) assert.equal(await ask(subject), 'a');
  await serveFrom(subject, 'b', 2);
  for (let count = 0; count < 5; count += 1) assert.equal(await ask(subject), 'b');
}

async function takesAgain(subject: TrafficSubject): Promise<void> {
  await serveFrom(subject, 'a');
  await route(subject, routeTo('a'));
  assert.equal(await ask(subject), 'a');
}

async function refusesEarlier(subject: TrafficSubject): Promise<void> {
  await serveFrom(subject, 'a', 5);
  await assert.rejects(route(subject, routeTo('b', { epoch: 4 })), isConflict);
  assert.equal(await ask(subject), 'a');
}

async function servesOn(subject: TrafficSubject): Promise<void> {
  await serveFrom(subject, 'a');
  subject.driver.leave();
  assert.equal(await ask(subject), 'a');
}

async function closes(subject: TrafficSubject): Promise<void> {
  await serveFrom(subject, 'a');
  await subject.settle(subject.driver.close());
  // What may still accept by itself is ended by the core, as the members of a shared socket.
  if (!subject.driver.abilities.drains) await subject.kill('a');
  assert.equal(await ask(subject), null);
}

async function holds(subject: TrafficSubject): Promise<void> {
  let answered = false;
  const request = subject.request().finally(() => {
    answered = true;
  });
  await subject.pass(subject.now() + 100);
  assert.equal(answered, false);
  await serveFrom(subject, 'a');
  assert.equal(await subject.settle(request), 'a');
}

async function drains(subject: TrafficSubject): Promise<void> {
  await serveFrom(subject, 'a');
  await ask(subject);
  await subject.start('b');
  await route(subject, routeTo('b', { epoch: 2 }));
  const drained = subject.driver.drain({ member: 'a', timeoutMs: 10_000 });
  assert.deepEqual(await subject.settle(drained), { cut: 0 });
}

async function cuts(subject: TrafficSubject): Promise<void> {
  await serveFrom(subject, 'a');
  await subject.hang('a');
  const request = subject.request();
  await subject.waitsFor('a');
  const drained = subject.driver.drain({ member: 'a', timeoutMs: 50 });
  assert.deepEqual(await subject.settle(drained), { cut: 1 });
  // It has ended, or is sent again where the driver does that.
  await subject.kill('a');
  await serveFrom(subject, 'b', 2);
  await subject.settle(request);
}

async function drainsNothing(subject: TrafficSubject): Promise<void> {
  await serveFrom(subject, 'a');
  const drained = subject.driver.drain({ member: 'a', timeoutMs: 10_000 });
  assert.deepEqual(await subject.settle(drained), { cut: 0 });
  assert.equal(await ask(subject), 'a', 'it accepts until it is ended');
}

async function replays(subject: TrafficSubject): Promise<void> {
  await serveFrom(subject, 'a');
  await subject.start('b');
  await subject.hang('a');
  const request = subject.request();
  await subject.waitsFor('a');
  await route(subject, routeTo('b', { epoch: 2 }));
  assert.equal(await subject.settle(request), 'b');
}

async function fallsBack(subject: TrafficSubject): Promise<void> {
  await serveFrom(subject, 'a');
  await route(subject, routeTo('a', { fallbacks: ['b'] }));
  await subject.kill('a');
  assert.equal(await ask(subject), 'b');
  await subject.until(() => subject.events.some(tellsOfFallback), 'the report');
}

function tellsOfFallback(event: TrafficEvent): boolean {
  return event.type === 'fellBack' && event.from === 'a' && event.to === 'b';
}

function tellsOfFailure(event: TrafficEvent): boolean {
  return event.type === 'failed' && event.member === 'a';
}

async function obeysLeaseEnd(subject: TrafficSubject): Promise<void> {
  await serveFrom(subject, 'a');
  await route(subject, routeTo('a', { leaseUntil: subject.now() + FAR_MS }));
  assert.equal(await ask(subject), 'a');
  const leaseUntil = subject.now() + LEASE_MS;
  await route(subject, routeTo('a', { leaseUntil }));
  await subject.pass(leaseUntil);
  let answered = false;
  const request = subject.request().finally(() => {
    answered = true;
  });
  await subject.pass(leaseUntil + 100);
  assert.equal(answered, false);
  await route(subject, routeTo('a', { leaseUntil: subject.now() + FAR_MS }));
  assert.equal(await subject.settle(request), 'a');
}

async function shieldsStandbys(subject: TrafficSubject): Promise<void> {
  await subject.start('a');
  await subject.start('b');
  await route(subject, routeTo('b'));
  for (let count = 0; count < 20; count += 1) assert.equal(await ask(subject), 'b');
}

async function reportsFailure(subject: TrafficSubject): Promise<void> {
  await serveFrom(subject, 'a');
  await ask(subject);
  await subject.kill('a');
  const request = subject.request();
  await subject.until(() => subject.events.some(tellsOfFailure), 'the report');
  await serveFrom(subject, 'b', 2);
  await subject.settle(request);
}

async function hasNoCounters({ driver }: TrafficSubject): Promise<void> {
  assert.equal(await driver.stats(), null);
}
