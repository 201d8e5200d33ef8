import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fromReliability, pairReliability } from '../../src/index.ts';

const [A, B, FAILOVER] = [0.999, 0.998, 0.99];

const pair = pairReliability({
  active: fromReliability(A),
  standby: fromReliability(B),
  failover: fromReliability(FAILOVER),
});

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual / expected - 1) < 1e-12, `${actual} is not ${expected}`);
}

test("the pair of the article's example works with a probability of 0.99998802", () => {
  near(pair.reliability, 0.99998802);
  near(pair.unreliability, 1.198e-5);
});

test('the formula that the article prints is the probability that a failover leads to a failed standby', () => {
  const printed = (1 - A) * (1 - B) * FAILOVER;
  near(printed, 1.98e-6);
  // What is left of the pair's failures are failovers that do not succeed.
  near(pair.unreliability - printed, (1 - A) * (1 - FAILOVER));
});

test('a pair is never worse than its active alone, nor better than with a sure failover', () => {
  const alone = pairReliability({
    active: fromReliability(A),
    standby: fromReliability(B),
    failover: fromReliability(0),
  });
  assert.equal(alone.reliability, A);
  const sure = pairReliability({
    active: fromReliability(A),
    standby: fromReliability(B),
    failover: fromReliability(1),
  });
  near(sure.unreliability, (1 - A) * (1 - B));
  assert.ok(sure.reliability > pair.reliability);
});

test('docs/model.md shows these figures', () => {
  const page = readFileSync(new URL('../../docs/model.md', import.meta.url), 'utf8');
  for (const figure of ['1.98 × 10⁻⁶', '0.99998802', '1.198 × 10⁻⁵', '1.198e-5']) {
    assert.ok(page.includes(figure), figure);
  }
});
