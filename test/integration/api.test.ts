import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { isWhole } from '../../src/drill/agent-process.ts';
import { type Agent, pidOf, Sandbox } from './sandbox.ts';
import { eventually } from '../eventually.ts';

// The API of a running agent, as load balancers, monitors and scripts use it.

type Answer = { readonly status: number; readonly body: unknown };

async function readJson(agent: Agent, path: string): Promise<Answer> {
  const answer = await agent.get(path);
  assert.ok(answer !== null, `${path} answers`);
  return { status: answer.status, body: JSON.parse(answer.text) };
}

async function post(
  sandbox: Sandbox,
  path: string,
  body: string,
  type = 'application/json',
): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${sandbox.ports.api}/api/v1/services/${path}`, {
    method: 'POST',
    headers: { 'content-type': type },
    body,
    signal: AbortSignal.timeout(8000),
  });
  return { status: response.status, body: await response.json() };
}

/** The error of an answer, which has all three lines. */
function errorOf({ body }: Answer): { readonly code: unknown; readonly refusal: unknown } {
  assert.ok(typeof body === 'object' && body !== null && 'error' in body, JSON.stringify(body));
  const { error } = body;
  assert.ok(typeof error === 'object' && error !== null && 'code' in error);
  for (const line of ['message', 'reason', 'hint'] as const) {
    const text: unknown =
      line in error ? Object.entries(error).find(([key]) => key === line)?.[1] : '';
    assert.ok(typeof text === 'string' && text.length > 5, `${line} of ${JSON.stringify(error)}`);
  }
  return { code: error.code, refusal: 'refusal' in error ? error.refusal : null };
}

test('/get_status is OK, DEGRADED without a standby, and DOWN with 503 when nobody serves', async (t) => {
  const sandbox = await Sandbox.open(t);
  const broken = sandbox.path('broken');
  const env = { BREAK_FILE: broken };
  await sandbox.useShop({ a: { env }, b: { env } });
  const agent = sandbox.up();
  const before = await agent.until('a whole service', isWhole);
  assert.deepEqual(await readJson(agent, '/get_status'), {
    status: 200,
    body: { status: 'OK', active: 'a', epoch: 1 },
  });
  for (const path of ['/healthz', '/readyz'])
    assert.deepEqual(await readJson(agent, path), { status: 200, body: { status: 'OK' } });

  await writeFile(broken, '');
  process.kill(pidOf(before, 'b'), 'SIGKILL');
  await agent.until('b is gone', (service) => service.members['b']?.ready === false);
  assert.deepEqual(await readJson(agent, '/get_status'), {
    status: 200,
    body: { status: 'DEGRADED', active: 'a', epoch: 1 },
  });
  process.kill(pidOf(before, 'a'), 'SIGKILL');
  await agent.until('nobody serves', (service) => service.phase === 'down');
  assert.deepEqual(await readJson(agent, '/get_status'), {
    status: 503,
    body: { status: 'DOWN', active: 'a', epoch: 1 },
  });
  for (const path of ['/healthz', '/readyz'])
    assert.equal((await agent.get(path))?.status, 200, `the agent itself is well: ${path}`);
});

test('/metrics counts what clients and operators saw', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop({ lines: ['failback: { mode: manual }', 'takeover: { probation: 1s }'] });
  const agent = sandbox.up();
  const before = await agent.until('a whole service', isWhole);
  assert.equal(await agent.metric('hotwarm_service_status'), 2);
  assert.equal(await agent.metric('hotwarm_failovers_total'), Number.NaN, 'none so far');
  for (let count = 0; count < 7; count += 1) assert.equal(await sandbox.ask(), 'a');
  await eventually(
    'the requests are counted',
    async () => (await agent.metric('hotwarm_requests_total')) === 7,
  );
  process.kill(pidOf(before, 'a'), 'SIGKILL');
  await agent.until(
    'b serves, a stands by',
    (service) => service.active === 'b' && isWhole(service),
  );
  assert.equal(await agent.metric('hotwarm_failovers_total'), 1);
  assert.equal(await agent.metric('hotwarm_service_epoch'), 2);
  assert.equal(await agent.metric('hotwarm_requests_failed_total'), 0);
  const outage = await agent.metric('hotwarm_outage_seconds_total');
  assert.ok(outage >= 0 && outage < 60, String(outage));
  const text = (await agent.get('/metrics'))?.text ?? '';
  assert.match(text, /^hotwarm_member_active\{service="shop",member="b"\} 1$/m);
  assert.match(text, /^hotwarm_member_active\{service="shop",member="a"\} 0$/m);
  assert.match(text, /^# HELP process_cpu_seconds_total \S/m);
  assert.doesNotMatch(text, /NaN|undefined/);
});

test('commands are accepted with the number of their incident, which tells how they went', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop();
  const agent = sandbox.up();
  await agent.until('a whole service', isWhole);
  const moves: readonly (readonly [string, string, string, string])[] = [
    ['switchover', '{"to":"b"}', 'switchover', 'b'],
    ['failback', '', 'failback', 'a'],
    ['failover', '{"to":null}', 'failover', 'b'],
    ['switchover', '{}', 'switchover', 'a'],
  ];
  for (const [index, [command, body, kind, to]] of moves.entries()) {
    const id = index + 1;
    assert.deepEqual(await post(sandbox, `shop/${command}`, body), {
      status: 202,
      body: { incident: id },
    });
    await agent.until('it has moved', (service) => service.active === to && isWhole(service));
    const { incident } = (await agent.incident(id)) ?? assert.fail(`incident ${id} is kept`);
    assert.deepEqual([incident.kind, incident.to, incident.outcome], [kind, to, 'succeeded']);
  }
  for (const command of ['pause', 'resume'])
    assert.deepEqual(await post(sandbox, `shop/${command}`, '{}'), {
      status: 202,
      body: { incident: null },
    });
  const list = await agent.get('/api/v1/incidents?service=shop&limit=2');
  assert.deepEqual(
    [...(list?.text ?? '').matchAll(/"incident":\{"id":(\d+)/g)].map(([, id]) => Number(id)),
    [4, 3],
  );
  assert.match(
    (await agent.get('/api/v1/incidents?service=other'))?.text ?? '',
    /"incidents":\[\]/,
  );
});

test('a request that is not understood or not allowed changes nothing and says why', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop();
  const agent = sandbox.up();
  const before = await agent.until('a whole service', isWhole);
  const slips: readonly (readonly [string, string, number, string])[] = [
    ['shop/switchover', '{"to":', 400, 'usage'],
    ['shop/switchover', '{"to":5}', 400, 'usage'],
    ['shop/switchover', '{"too":"b"}', 400, 'usage'],
    ['shop/switchover', '[]', 400, 'usage'],
    ['shop/switchover', 'null', 400, 'usage'],
    ['shop/failback', '{"to":"a"}', 400, 'usage'],
    ['shop/pause', `{"why":"${'x'.repeat(70_000)}"}`, 400, 'usage'],
    ['shap/switchover', '{}', 404, 'notFound'],
    ['shop/switchover', '{"to":"zz"}', 404, 'notFound'],
    ['shop/restart', '{}', 404, 'notFound'],
    ['shop/failover', '{"to":"a"}', 409, 'refused'],
    ['shop/failback', '{}', 409, 'refused'],
    ['shop/resume', '{}', 409, 'refused'],
  ];
  for (const [path, body, status, code] of slips) {
    const answer = await post(sandbox, path, body);
    assert.deepEqual(
      [answer.status, errorOf(answer).code],
      [status, code],
      `${path} ${body.slice(0, 40)}`,
    );
  }
  const form = await post(sandbox, 'shop/pause', '{}', 'text/plain');
  assert.deepEqual(
    [form.status, errorOf(form).code],
    [400, 'usage'],
    'not what a web page may send',
  );
  const refused = await post(sandbox, 'shop/switchover', '{"to":"a"}');
  assert.deepEqual(errorOf(refused).refusal, { code: 'alreadyActive', member: 'a' });
  for (const [path, status] of [
    ['/api/v1/incidents/1', 404],
    ['/api/v1/incidents/abc', 404],
    ['/api/v1/incidents?limit=0', 400],
    ['/api/v1/services/shop/pause', 404],
    ['/api/v2/status', 404],
  ] as const) {
    const answer = await readJson(agent, path);
    assert.equal(answer.status, status, path);
    errorOf(answer);
  }
  const after = await agent.until('a whole service', isWhole);
  assert.deepEqual(after, before, 'nothing has come of it');
});
