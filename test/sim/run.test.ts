import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { run } from '../../src/sim/run.ts';
import { drawOptions } from '../../src/sim/swarm.ts';

const SEEDS = 150;

test('whatever faults a seed draws, nothing that is checked is violated', () => {
  const failed = Array.from({ length: SEEDS }, (_, index) => index + 1).flatMap((seed) => {
    const { violations } = run(drawOptions(seed, { hostsMax: 3 }));
    return violations.map(
      ({ rule, atMs, detail }) => `seed ${seed} at ${atMs} ms: ${rule}: ${detail}`,
    );
  });
  assert.deepEqual(failed, []);
});

/** A lag of another time, a newest copy that was rejoined, a lag against a former active. */
const PINNED = [21_007, 26_672, 70_734];

test('no acknowledged write is lost beyond the RPO under the seeds that once lost some', () => {
  for (const seed of PINNED)
    assert.deepEqual(run(drawOptions(seed, { hostsMax: 3 })).violations, [], `seed ${seed}`);
});

test('the same seed goes the same way in another process', () => {
  const seeds = [3, 8, 21, 40, 77];
  const hashes = seeds.map((seed) => run(drawOptions(seed, { hostsMax: 3 })).hash);
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  const elsewhere = seeds.map((seed) => {
    const output = execFileSync(process.execPath, [main, '--seed', String(seed)], {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    });
    return /hash ([0-9a-f]{16})/.exec(output)?.[1];
  });
  assert.deepEqual(elsewhere, hashes);
  assert.equal(new Set(hashes).size, seeds.length, 'different seeds go different ways');
});

test('a run is neither changed by its trace nor by its replays', () => {
  const options = drawOptions(5, { hostsMax: 3 });
  const { hash } = run({ ...options, keepsTrace: false, replays: false });
  assert.equal(run({ ...options, keepsTrace: true, replays: true }).hash, hash);
});

test('faults do happen: some agents restart, some members die, some requests fail', () => {
  const stats = Array.from(
    { length: 20 },
    (_, seed) => run(drawOptions(seed, { hostsMax: 3 })).stats,
  );
  const sum = (pick: (each: (typeof stats)[number]) => number): number =>
    stats.reduce((total, each) => total + pick(each), 0);
  assert.ok(sum(({ requests }) => requests) > sum(({ answered }) => answered));
  assert.ok(sum(({ answered }) => answered) > sum(({ requests }) => requests) / 2);
});
