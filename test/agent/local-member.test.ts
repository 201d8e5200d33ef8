import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LocalMember } from '../../src/agent/local-member.ts';
import { createKillFence } from '../../src/drivers/fence/kill.ts';
import type { Probe } from '../../src/drivers/probe/contract.ts';
import { IDLE_DRIVER } from './idle-driver.ts';

/** A member with a clock that moves by 10 ms with each look at it. */
function rig(requests: number) {
  const seen = { looks: 0, fresh: 0, closed: 0, now: 0 };
  const probe: Probe = {
    channel: 'http',
    check: async ({ fresh }) => {
      seen.looks += 1;
      seen.now += 10;
      if (fresh) seen.fresh += 1;
      return { ok: false, fault: 'badStatus', detail: '404' };
    },
    close: async () => {
      seen.closed += 1;
    },
  };
  const member = new LocalMember({
    service: 'shop',
    member: 'a',
    intervalMs: 100,
    timeoutMs: 300,
    makeDriver: () => IDLE_DRIVER,
    makeFence: createKillFence,
    probe,
    ready: probe,
    prime: { probe, requests },
    now: () => seen.now,
    onEvent: () => {},
  });
  return { member, seen };
}

test('a member is primed by as many requests as were asked for, whatever it answers', async () => {
  const { member, seen } = rig(7);
  const result = await member.prime(1000, new AbortController().signal);
  assert.deepEqual(result, { type: 'done' });
  assert.deepEqual(seen, { looks: 7, fresh: 0, closed: 1, now: 70 });
});

test('priming ends in time with what it got, and when it is called off', async () => {
  const slow = rig(1000);
  await slow.member.prime(200, new AbortController().signal);
  assert.equal(slow.seen.looks, 16);
  assert.equal(slow.seen.closed, 1, 'a frozen member is left without a connection');
  const off = rig(1000);
  await off.member.prime(200, AbortSignal.abort());
  assert.equal(off.seen.looks, 0);
});
