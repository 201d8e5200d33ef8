import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openMetrics } from '../../src/api/metrics.ts';
import { changeMember, FakeView, makeIncident, withHealth } from './fake-view.ts';

async function scrape(metrics: ReturnType<typeof openMetrics>): Promise<Map<string, number>> {
  const { text } = await metrics.render();
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    samples.map((line) => {
      const end = line.lastIndexOf(' ');
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}

test('what the agent knows appears with its labels, in base units', async () => {
  const samples = await scrape(openMetrics(new FakeView()));
  const expected: Readonly<Record<string, number>> = {
    'hotwarm_service_status{service="shop"}': 2,
    'hotwarm_service_epoch{service="shop"}': 3,
    'hotwarm_service_paused{service="shop"}': 0,
    'hotwarm_member_active{service="shop",member="a"}': 1,
    'hotwarm_member_active{service="shop",member="b"}': 0,
    'hotwarm_member_ready{service="shop",member="b"}': 1,
    'hotwarm_member_health{service="shop",member="a",health="healthy"}': 1,
    'hotwarm_member_health{service="shop",member="a",health="failed"}': 0,
    'hotwarm_requests_total{service="shop",process="0"}': 1000,
    'hotwarm_requests_failed_total{service="shop",process="0"}': 2,
    'hotwarm_requests_retried_total{service="shop",process="0"}': 3,
    'hotwarm_requests_hedged_total{service="shop",process="0"}': 4,
    'hotwarm_requests_waiting{service="shop",process="0"}': 5,
    'hotwarm_proxy_failures_total{service="shop"}': 10,
    'hotwarm_proxy_lost_connections_total{service="shop"}': 11,
    'hotwarm_proxy_lost_requests_total{service="shop"}': 12,
    process_cpu_seconds_total: 1.5,
    process_resident_memory_bytes: 80_000_000,
    hotwarm_agent_timer_lag_p99_seconds: 0.0012,
    hotwarm_agent_decision_p99_seconds: 0.0003,
    hotwarm_agent_journal_write_failed: 0,
    hotwarm_agent_journal_lost_events_total: 7,
  };
  for (const [name, value] of Object.entries(expected))
    assert.equal(samples.get(name), value, name);
});

test('a second scrape shows the new state and does not add up totals', async () => {
  const view = new FakeView();
  const metrics = openMetrics(view);
  await scrape(metrics);
  view.current = changeMember(view.current, 'a', (member) => withHealth(member, 'failed'));
  const samples = await scrape(metrics);
  assert.equal(samples.get('hotwarm_requests_total{service="shop",process="0"}'), 1000);
  assert.equal(samples.get('process_cpu_seconds_total'), 1.5);
  const health = (name: string): number | undefined =>
    samples.get(`hotwarm_member_health{service="shop",member="a",health="${name}"}`);
  assert.deepEqual([health('healthy'), health('failed')], [0, 1]);
});

test('an incident is counted once, when it has ended', async () => {
  const view = new FakeView();
  view.stored = [makeIncident(1)];
  const metrics = openMetrics(view);
  const failovers = async (): Promise<number | undefined> =>
    (await scrape(metrics)).get('hotwarm_failovers_total{service="shop"}');
  assert.equal(await failovers(), undefined, 'older than the agent');
  view.stored.push(makeIncident(2), makeIncident(3, { outcome: 'underWay', outageMs: null }));
  assert.equal(await failovers(), 1);
  assert.equal(await failovers(), 1);
  view.stored[2] = makeIncident(3);
  view.stored.push(makeIncident(4, { kind: 'switchover' }), makeIncident(5, { observeOnly: true }));
  assert.equal(await failovers(), 2);
  const samples = await scrape(metrics);
  const outageSeconds = samples.get('hotwarm_outage_seconds_total{service="shop"}') ?? 0;
  assert.ok(Math.abs(outageSeconds - 0.057) < 1e-9);
  assert.equal(
    samples.get('hotwarm_takeovers_total{service="shop",kind="switchover",outcome="succeeded"}'),
    1,
  );
});

test('two servers in one process do not share their registries', async () => {
  const first = openMetrics(new FakeView());
  const second = openMetrics(new FakeView());
  assert.deepEqual(await scrape(first), await scrape(second));
});
