import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memberResources, resourceBill } from '../../src/model/resources.ts';

const NEED = { cores: 2, memoryGib: 1.5, busyShare: 0.3, idleShare: 0.02 };
const PRICES = { perCoreMonth: 10, perGibMonth: 2, perHostMonth: 5, perKwh: 0.25 };
const POWER = { wattPerCore: 8, wattPerGib: 0.4, wattPerHost: 20 };

test('the colder a standby is kept, the less it costs in money and energy', () => {
  const bills = (['hot', 'warm', 'frozen', 'cold'] as const).map((temperature) =>
    resourceBill([memberResources(NEED, temperature, 0.2)], 0, PRICES, POWER),
  );
  for (const [index, bill] of bills.entries()) {
    const colder = bills[index + 1];
    if (colder !== undefined)
      assert.ok(bill.perMonth > colder.perMonth && bill.watts >= colder.watts);
  }
  assert.deepEqual(bills[3], { perMonth: 0, watts: 0, kwhPerMonth: 0 });
});

test('a bill is the sum of what is kept and of the energy', () => {
  const members = [memberResources(NEED, 'active', 1), memberResources(NEED, 'frozen', 1)];
  const { perMonth, watts, kwhPerMonth } = resourceBill(members, 1, PRICES, POWER);
  // 20 W of the host, 0.6 cores busy, 3 GiB resident.
  assert.ok(Math.abs(watts - (20 + 4.8 + 1.2)) < 1e-12);
  assert.ok(Math.abs(kwhPerMonth - 18.993) < 1e-9);
  assert.ok(Math.abs(perMonth - (5 + 20 + 3 + 3 + 18.993 * 0.25)) < 1e-9);
});

test('a warm standby uses no more than its quota', () => {
  const { coresKept, coresUsed } = memberResources({ ...NEED, idleShare: 0.5 }, 'warm', 0.2);
  assert.ok(Math.abs(coresKept - 0.4) < 1e-12);
  assert.equal(coresUsed, coresKept);
});

test('a negative price is named', () => {
  assert.throws(() => resourceBill([], 1, { ...PRICES, perKwh: -1 }, POWER), /perKwh is -1/);
});
