import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isWhole } from '../../src/drill/agent-process.ts';
import { EventReader, type StreamEvent } from './event-reader.ts';
import { pidOf, Sandbox } from './sandbox.ts';

// The agent's event stream as a dashboard or a script reads it: nothing is missed and nothing comes twice,
// however often the reader is cut off.

function isStatusWith(active: string): (event: StreamEvent) => boolean {
  return ({ event, data }) =>
    event === 'status' && JSON.stringify(data).includes(`"active":"${active}"`);
}

function isPause({ data }: StreamEvent): boolean {
  return JSON.stringify(data).includes('"paused":true');
}

/** The numbered ones up to the pause. */
function untilPause(events: readonly StreamEvent[]): readonly StreamEvent[] {
  return events.slice(0, events.findIndex(isPause) + 1).filter(({ id }) => id !== null);
}

function isFailoverEnd({ event, data }: StreamEvent): boolean {
  return event === 'incident' && JSON.stringify(data).includes('"outcome":"succeeded"');
}

test('events tell of a death and its failover as they happen', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop();
  const agent = sandbox.up();
  const before = await agent.until('a whole service', isWhole);
  const reader = new EventReader(sandbox.ports.api, null);
  t.after(async () => await reader.close());
  // A new client is told only of what comes, so something must show that it listens.
  assert.equal((await sandbox.run('pause')).code, 0);
  await reader.until('the pause is told', (events) => events.length > 0);
  assert.equal((await sandbox.run('resume')).code, 0);
  process.kill(pidOf(before, 'a'), 'SIGKILL');
  await reader.until('b is told to be active', (events) => events.some(isStatusWith('b')));
  await reader.until('the incident is told', (events) => events.some(isFailoverEnd));
  const death = reader.events.find(
    ({ event, data }) => event === 'health' && JSON.stringify(data).includes('"health":"failed"'),
  );
  // Before the exit is reported, a second connection may be refused, or the memory be seen to be gone.
  assert.match(
    JSON.stringify(death?.data),
    /"service":"shop".*"member":"a".*"reason":"(?:exited|confirmedDead|exiting)"/,
  );
  assertWithoutGaps(reader.events);
});

test('a client that is cut off again and again resumes without loss or doubling', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop();
  const agent = sandbox.up();
  await agent.until('a whole service', isWhole);
  const steady = new EventReader(sandbox.ports.api, 0);
  t.after(async () => await steady.close());
  await steady.until('what was before is told', (events) => events.some(isStatusWith('a')));

  let lastId = 0;
  const pieces: StreamEvent[] = [];
  for (const command of ['switchover', 'failback', 'switchover', 'failback']) {
    const reader = new EventReader(sandbox.ports.api, lastId);
    await reader.until('some are told', (events) => events.some(({ id }) => id !== null));
    await reader.close();
    pieces.push(...reader.events);
    lastId = reader.lastId ?? lastId;
    // It is away while all this happens.
    assert.equal((await sandbox.run(command)).code, 0);
    const active = command === 'failback' ? 'a' : 'b';
    await agent.until('it has moved', (service) => service.active === active && isWhole(service));
  }
  const rest = new EventReader(sandbox.ports.api, lastId);
  t.after(async () => await rest.close());
  // Both are told of the pause, and everything before it comes before it.
  assert.equal((await sandbox.run('pause')).code, 0);
  await rest.until('the pause is told', (events) => events.some(isPause));
  await steady.until('the pause is told', (events) => events.some(isPause));
  pieces.push(...rest.events);

  assertWithoutGaps(pieces);
  assert.deepEqual(untilPause(pieces), untilPause(steady.events));
});

test('a client that resumes with another agent is told that it has missed something', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop();
  const first = sandbox.up();
  await first.until('a whole service', isWhole);
  const before = new EventReader(sandbox.ports.api, 0);
  await before.until('events are told', (events) => events.some(isStatusWith('a')));
  const { lastId } = before;
  assert.equal((await first.stop()).code, 0);
  await before.close();

  const second = sandbox.up();
  await second.until('a whole service', isWhole);
  const after = new EventReader(sandbox.ports.api, lastId);
  t.after(async () => await after.close());
  await after.until('events are told', (events) => events.some(isStatusWith('a')));
  assert.equal(after.events[0]?.event, 'reset', 'the status must be read anew');
  const told = after.events.flatMap(({ id }) => (id === null ? [] : [id]));
  assert.ok(
    told.every((id) => id > (lastId ?? 0)),
    'no number is used twice',
  );
  assertWithoutGaps(after.events);
});

function assertWithoutGaps(events: readonly StreamEvent[]): void {
  const ids = events.flatMap(({ id }) => (id === null ? [] : [id]));
  assert.ok(ids.length > 0);
  const [first = 0] = ids;
  assert.deepEqual(
    ids,
    ids.map((_, index) => first + index),
  );
}
