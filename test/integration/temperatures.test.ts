import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isWhole } from '../../src/drill/agent-process.ts';
import { cpuSeconds, isAlive } from './processes.ts';
import { pidOf, Sandbox } from './sandbox.ts';

// Standbys that are kept less than hot take over as well; only how long clients wait differs.

const KEYS = {
  warm: 'temperature: warm, cpu: 20%',
  frozen: 'temperature: frozen',
  cold: 'temperature: cold',
} as const;

for (const [temperature, keys] of Object.entries(KEYS)) {
  test(`a ${temperature} standby takes over without a lost GET`, async (t) => {
    const sandbox = await Sandbox.open(t);
    // A restarted active may be ready before a cold standby is; here it cannot come back.
    const broken = sandbox.path('broken');
    await sandbox.useShop({ a: { env: { BREAK_FILE: broken } }, b: { keys } });
    const agent = sandbox.up();
    const before = await agent.until(
      'a serves and b stands by',
      (service) =>
        service.active === 'a' &&
        service.phase === 'steady' &&
        service.members['b']?.temperature === temperature &&
        (temperature === 'cold' || service.members['b'].ready),
    );
    assert.equal(before.members['b']?.pid === null, temperature === 'cold');
    const load = sandbox.load({ ratePerSecond: 50 });
    load.start();
    await sleep(500);
    await writeFile(broken, '');
    process.kill(pidOf(before, 'a'), 'SIGKILL');
    const after = await agent.until('b serves', (service) => service.active === 'b');
    await sleep(500);
    await load.stop();
    assert.deepEqual(load.failures, []);
    assert.equal(await sandbox.ask(), 'b');
    assert.equal(after.lastIncident?.to, 'b');
  });
}

test('a frozen standby uses no CPU until it is needed, and is not left frozen at the end', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop({ b: { keys: 'temperature: frozen' } });
  const agent = sandbox.up();
  const pid = pidOf(await agent.until('a whole service', isWhole), 'b');
  await sleep(300);
  const before = cpuSeconds(pid);
  await sleep(1000);
  assert.ok(cpuSeconds(pid) - before < 0.02, 'it runs though it should be frozen');
  const ended = await agent.stop();
  assert.equal(ended.code, 0, ended.err);
  assert.equal(isAlive(pid), false);
});
