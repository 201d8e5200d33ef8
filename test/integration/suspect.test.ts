import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isWhole } from '../../src/drill/agent-process.ts';
import { pidOf, Sandbox } from './sandbox.ts';

type Outcome = { readonly status: number; readonly member: string | null };

/** POST without an idempotency key: sent to a member, it is not sent again. */
async function post(sandbox: Sandbox): Promise<Outcome> {
  const response = await fetch(`http://127.0.0.1:${sandbox.ports.listen}/`, {
    method: 'POST',
    body: 'x',
    signal: AbortSignal.timeout(20_000),
  });
  if (!response.ok) return { status: response.status, member: null };
  const { member } = (await response.json()) as { readonly member: string }; // What member.mjs answers.
  return { status: response.status, member };
}

const several = (sandbox: Sandbox): Promise<readonly Outcome[]> =>
  Promise.all(Array.from({ length: 5 }, async () => await post(sandbox)));

for (const exclusive of [false, true]) {
  const kind = exclusive ? 'an exclusive service' : 'a service';
  test(`${kind} loses to a hang only those POSTs that were sent before the suspicion`, async (t) => {
    const sandbox = await Sandbox.open(t);
    await sandbox.useShop({
      lines: [`exclusive: ${exclusive}`, 'failback: { mode: manual }'],
      timeout: '500ms',
    });
    const agent = sandbox.up();
    const before = await agent.until('a whole service', isWhole);
    assert.equal(before.active, 'a');

    process.kill(pidOf(before, 'a'), 'SIGSTOP');
    const early = several(sandbox);
    await agent.until('a suspicion', ({ phase }) => phase === 'suspect');
    const late = several(sandbox);

    for (const outcome of await late) assert.deepEqual(outcome, { status: 200, member: 'b' });
    for (const outcome of await early) assert.deepEqual(outcome, { status: 502, member: null });
  });
}
