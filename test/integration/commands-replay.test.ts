import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import type { ReplayDocument } from '../../src/cli/replay/document.ts';
import { isOutcome } from '../../src/core/describe/event.ts';
import { readJson, untilObserved, wholeWith } from './operator.ts';
import { pidOf, Sandbox } from './sandbox.ts';

// An incident that really happened, stepped through again: while the agent runs, after it has ended, and from a file.

function isReplay(value: unknown): value is ReplayDocument {
  return (
    typeof value === 'object' && value !== null && 'timeline' in value && 'divergences' in value
  );
}

test('a real failover replays exactly, beside the agent, after it, and from an exported file', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop({ lines: ['failback: { mode: manual }', 'takeover: { probation: 1s }'] });
  const agent = sandbox.up();
  const before = await wholeWith(agent, 'a');
  process.kill(pidOf(before, 'a'), 'SIGKILL');
  await wholeWith(agent, 'b');
  await untilObserved(agent, 1);

  const beside = await readJson(sandbox, isReplay, 'replay', '1');
  expectExact(beside);
  const stored = await agent.incident(1);
  assert.deepEqual(beside.incident, stored?.incident);
  const steps = beside.timeline.filter((entry) => entry.type === 'step');
  const ordered = steps.flatMap((entry) => entry.ordered.map(({ type }) => type));
  for (const type of ['fenceMember', 'acquireLease', 'switchTraffic'] as const)
    assert.ok(ordered.includes(type), `${type} was ordered`);
  const ends = steps.filter(({ event }) => isOutcome(event));
  assert.ok(ends.every(({ effect }) => effect !== null));

  await agent.stop();
  const after = await readJson(sandbox, isReplay, 'replay');
  assert.deepEqual(after.timeline, beside.timeline, 'the newest one without a number');

  const file = sandbox.path('failover.txt');
  assert.deepEqual(await sandbox.run('replay', '1', '--export', file), {
    code: 0,
    out: '',
    err: '',
  });
  assert.doesNotMatch(await readFile(file, 'utf8'), /member\.mjs|SANDBOX_OF_TEST/);
  const again = await readJson(sandbox, isReplay, 'replay', file);
  assert.equal(again.exact, true);
  assert.equal(again.compared.transcript, true);
  assert.deepEqual(
    again.timeline.map(({ at }) => at),
    after.timeline.map(({ at }) => at),
  );
  const twice = await sandbox.run('replay', '1', '--export', file);
  assert.equal(twice.code, 6);
  assert.match(twice.err, /cannot write/);
});

test('what less patience would have changed for a hung member is told with what it rests on', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop({ lines: ['failback: { mode: manual }', 'takeover: { probation: 1s }'] });
  const file = await readFile(sandbox.path('hotwarm.yaml'), 'utf8');
  await sandbox.write(file.replace('timeout: 200ms', 'timeout: 600ms'));
  const agent = sandbox.up();
  const before = await wholeWith(agent, 'a');
  process.kill(pidOf(before, 'a'), 'SIGSTOP');
  await wholeWith(agent, 'b');
  await untilObserved(agent, 1);

  const { whatIf, exact } = await readJson(
    sandbox,
    isReplay,
    'replay',
    '1',
    '--set',
    'probe.timeout=300ms',
  );
  assert.equal(exact, true);
  const begun = whatIf?.findings.find(({ code }) => code === 'begun');
  assert.ok(begun?.code === 'begun' && begun.byMs < -200, JSON.stringify(whatIf?.findings));
  assert.equal(whatIf?.other?.to, 'b');
  assert.ok(whatIf.divergedAt !== null);
  assert.ok(whatIf.assumptions.some(({ effect }) => effect === 'fenceMember'));
  const text = await sandbox.run('replay', '1', '--set', 'probe.timeout=300ms');
  assert.equal(text.code, 0, text.err);
  assert.match(text.out, /^With probe\.timeout=300ms the failover would have begun .* earlier/m);

  const refused = await sandbox.run('replay', '1', '--set', 'probe.interval=100ms');
  assert.equal(refused.code, 2);
  assert.match(refused.err, /cannot evaluate/);
});

test('an incident that is not there, and a journal that is not there, are refused with what to do', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop();
  const never = await sandbox.run('replay', '1');
  assert.equal(never.code, 6);
  assert.match(never.err, /no journal in/);
  const agent = sandbox.up();
  await wholeWith(agent, 'a');
  const unknown = await sandbox.run('replay', '7');
  assert.equal(unknown.code, 5);
  assert.match(unknown.err, /^hotwarm: no incident 7\nwhy: .*\nfix: .*hotwarm history$/m);
  const file = await sandbox.run('replay', 'nowhere.txt');
  assert.equal(file.code, 2);
  assert.match(file.err, /cannot read .*nowhere\.txt/);
});

function expectExact(replay: ReplayDocument): void {
  assert.deepEqual(replay.divergences, []);
  assert.equal(replay.exact, true);
  assert.equal(replay.compared.incidents, 1, 'the stored incident is the same byte for byte');
  assert.ok(replay.compared.outcomes >= 5, JSON.stringify(replay.compared));
}
