import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { monotonicMs } from '../../../../src/clock.ts';
import { Router } from '../../../../src/drivers/traffic/proxy/router.ts';
import { route } from '../rig.ts';

function routerWith(draining: readonly string[] = []): {
  readonly router: Router;
  readonly fallbacks: [string, string][];
  readonly deaths: () => number;
} {
  const fallbacks: [string, string][] = [];
  let deaths = 0;
  const router = new Router({
    onFallback: (from, to) => fallbacks.push([from, to]),
    onDeath: () => {
      deaths += 1;
    },
    mayTake: (member) => !draining.includes(member),
  });
  return { router, fallbacks, deaths: () => deaths };
}

suite('the router', () => {
  test('holds without a route, without an active and past the lease', () => {
    const { router } = routerWith();
    assert.equal(router.target(), null);
    router.take(route(null, { fallbacks: ['b'] }));
    assert.equal(router.target(), null);
    router.take(route('a', { leaseUntil: monotonicMs() - 1 }));
    assert.equal(router.target(), null);
    assert.equal(router.fallbackFor('a'), null);
    router.take(route('a', { leaseUntil: monotonicMs() + 60_000 }));
    assert.equal(router.target(), 'a');
  });

  test('spares a suspect what cannot be sent again, for as long as a verdict takes', () => {
    const { router, fallbacks } = routerWith();
    router.take(route('a', { fallbacks: ['b'], suspects: ['a'] }));
    assert.deepEqual([router.target(), router.sureTarget()], ['a', 'b']);
    assert.deepEqual(fallbacks, [], 'nobody fell back');
    router.take(route('a', { suspects: ['a'] }));
    assert.deepEqual([router.target(), router.sureTarget()], ['a', null]);
    router.trust();
    assert.equal(router.sureTarget(), 'a');
    router.take(route('a', { suspects: ['a'], epoch: 2 }));
    assert.equal(router.sureTarget(), 'a', 'the same suspicion goes on');
    router.take(route('a', { epoch: 2 }));
    assert.equal(router.sureTarget(), 'a');
    router.take(route('a', { suspects: ['a'], epoch: 2 }));
    assert.equal(router.sureTarget(), null, 'another suspicion');
    assert.equal(router.inDoubt, true);
    router.take(route('b', { epoch: 3 }));
    assert.deepEqual([router.sureTarget(), router.inDoubt], ['b', false]);
  });

  test('refuses lower epochs only', () => {
    const { router } = routerWith();
    assert.equal(router.take(route('a', { epoch: 3 })), 'taken');
    assert.equal(router.take(route('b', { epoch: 2 })), 'conflict');
    assert.equal(router.target(), 'a');
    assert.equal(router.take(route('b', { epoch: 3 })), 'taken');
    assert.equal(router.target(), 'b');
  });

  test('goes through the fallbacks in order and tells of the first one only', () => {
    const { router, fallbacks, deaths } = routerWith();
    router.take(route('a', { fallbacks: ['b', 'c'] }));
    router.markDead('a');
    router.markDead('a');
    assert.equal(router.target(), 'b');
    router.markDead('b');
    assert.equal(router.target(), 'c');
    router.markDead('c');
    assert.equal(router.target(), null);
    assert.deepEqual(fallbacks, [['a', 'b']]);
    assert.equal(deaths(), 3);
    assert.deepEqual(router.deadOnes(), ['a', 'b', 'c']);
  });

  test('remembers the dead through updates of a route and forgets them with a new one', () => {
    const { router } = routerWith();
    router.take(route('a', { fallbacks: ['b'] }));
    router.markDead('a');
    router.take(route('a', { fallbacks: ['b'], suspects: ['a'] }));
    assert.equal(router.target(), 'b');
    router.take(route('a', { epoch: 2, fallbacks: ['b'] }));
    assert.equal(router.target(), 'a');
    router.markDead('a');
    router.revive('a');
    assert.equal(router.target(), 'a');
  });

  test('falls back neither to a suspect nor to one that is being drained', () => {
    const { router } = routerWith(['b']);
    router.take(route('a', { fallbacks: ['b', 'c', 'd'], suspects: ['c'] }));
    assert.equal(router.fallbackFor('a'), 'd');
    router.markDead('a');
    assert.equal(router.target(), 'd');
  });

  test('whom the route calls dead stays so, though it accepts connections', () => {
    const { router, fallbacks } = routerWith();
    router.take(route('a', { fallbacks: ['b'] }));
    router.markDead('a');
    router.take(route('a', { fallbacks: ['b'], dead: ['a'] }));
    assert.deepEqual(router.deadOnes(), [], 'nobody asks whether it lives again');
    router.revive('a');
    assert.equal(router.target(), 'b');
    assert.deepEqual(fallbacks, [['a', 'b']]);
    router.take(route('a', { dead: ['a'] }));
    assert.equal(router.target(), null);
    router.take(route('a', { epoch: 2, fallbacks: ['b'] }));
    assert.equal(router.target(), 'a');
  });

  test('a member that the route does not name cannot be met dead', () => {
    const { router, deaths } = routerWith();
    router.take(route('a'));
    router.markDead('z');
    assert.equal(deaths(), 0);
  });
});
