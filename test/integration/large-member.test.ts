import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test, type TestContext } from 'node:test';
import type { Incident } from '../../src/core/state.ts';
import { isWhole } from '../../src/drill/agent-process.ts';
import type { OpenLoopLoad } from '../../src/drill/load.ts';
import { pidOf, Sandbox, type Agent, type ServiceOptions } from './sandbox.ts';

// The active member holds 1 GiB, so that its exit is told a tenth of a second after it served for the last time.

const ENV = { BALLAST_MIB: '1024' };
/** A machine that is busy enough may not look in time: then the exit itself is the evidence. */
const KILLS = 3;

/** Kills the active until its collapse was seen; returns that incident once it is over. */
async function killUntilSeenEarly(
  t: TestContext,
  options: ServiceOptions,
): Promise<{ incident: Incident; load: OpenLoopLoad; sandbox: Sandbox }> {
  const sandbox = await Sandbox.open(t);
  const env = { ...ENV, SERVED_LOG: sandbox.path('served.log') };
  await sandbox.useShop({ ...options, a: { env }, b: { env } });
  const agent = sandbox.up();
  let service = await agent.until('a whole service', isWhole);
  const load = sandbox.load();
  load.start();
  for (let left = KILLS; left > 0; left -= 1) {
    const { active, epoch } = service;
    process.kill(pidOf(service, active ?? ''), 'SIGKILL');
    service = await agent.until(
      'the takeover, and a standby again',
      (now) => isWhole(now) && now.epoch > epoch && now.active !== active,
    );
    const incident = await endOf(agent, service.lastIncident?.id ?? 0);
    const isSeen = reasonOf(incident) === 'exiting';
    if (!isSeen && left > 1) continue;
    await load.stop();
    assert.ok(load.completions.length > 50, 'the load is real');
    assert.ok(isSeen, JSON.stringify(incident));
    return { incident, load, sandbox };
  }
  return assert.fail('one of the kills is the last');
}

/** The record of an incident once everything is in it. */
async function endOf(agent: Agent, id: number): Promise<Incident> {
  for (;;) {
    const stored = await agent.incident(id);
    if (stored !== null && stored.incident.endedAt !== null) return stored.incident;
    await agent.until('the end of the incident', ({ phase }) => phase === 'steady');
  }
}

function reasonOf({ cause }: Incident): string | null {
  return cause.code === 'memberFailed' ? cause.reason : null;
}

/** Where in the incident's timeline it was told, for the first time. */
function placeOf(incident: Incident, what: string): number {
  const names = incident.timeline.map((entry) => {
    if (entry.code === 'evidence') return entry.evidence.fact.code;
    return 'effect' in entry ? `${entry.code} ${entry.effect}` : entry.code;
  });
  const place = names.indexOf(what);
  assert.ok(place >= 0, `${what} in ${names.join(', ')}`);
  return place;
}

function assertOrder(incident: Incident, story: readonly string[]): void {
  const places = story.map((what) => placeOf(incident, what));
  assert.deepEqual(
    places.toSorted((a, b) => a - b),
    places,
    `${story.join(' → ')} in ${JSON.stringify(incident.timeline)}`,
  );
}

describe('the death of an active that holds 1 GiB', () => {
  test('is known before its exit, and clients are served meanwhile', async (t) => {
    const { incident, load } = await killUntilSeenEarly(t, {});
    assertOrder(incident, ['exiting', 'verdict', 'served', 'exited', 'done fenceMember']);
    assert.deepEqual(load.failures, []);
  });

  test('begins the takeover of an exclusive service, which waits for the exit', async (t) => {
    const { incident, load, sandbox } = await killUntilSeenEarly(t, {
      lines: ['exclusive: true', 'failback: { mode: manual }'],
    });
    assertOrder(incident, ['exiting', 'verdict', 'exited', 'done fenceMember', 'served']);
    assertOrder(incident, ['ordered acquireLease', 'exited']);
    assert.deepEqual(load.failures, []);
    const served = (await readFile(sandbox.path('served.log'), 'utf8')).trim().split('\n');
    const runs = served.filter((line, at) => line.split(' ')[0] !== served[at - 1]?.split(' ')[0]);
    assert.ok(runs.length <= KILLS + 1, `two members served in turn: ${runs.join('; ')}`);
  });

  test('lets a frozen standby take over the shared socket before its exit', async (t) => {
    const { incident, load } = await killUntilSeenEarly(t, {
      traffic: 'via: socket',
      lines: ['failback: { mode: manual }'],
    });
    assertOrder(incident, ['exiting', 'verdict', 'served', 'exited', 'done fenceMember']);
    const refused = load.failures.filter(({ reason }) => /REFUSED/.test(reason));
    assert.deepEqual(refused, []);
  });
});
