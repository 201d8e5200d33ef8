import { setTimeout as pause } from 'node:timers/promises';
import type { AgentEvent } from '../../agent/contract.ts';
import { monotonicMs } from '../../clock.ts';
import { percentile } from '../../core/percentile.ts';
import type { OpenLoopLoad } from '../../drill/load.ts';
import { startSample, type Sample } from '../../drill/sample-service.ts';
import { runTrial, type TrialReport } from '../../drill/trial.ts';
import { type Locale, speaker } from '../../core/describe/language.ts';
import { displayWidth } from '../../terminal.ts';
import { eventLines } from '../event-lines.ts';

type DemoOptions = {
  readonly json: boolean;
  readonly locale: Locale;
  readonly out: NodeJS.WritableStream;
};

const RATE_PER_SECOND = 200;
const WARM_UP_MS = 1000;

type Row = TrialReport & { readonly title: string; readonly requests: number };

/**
 * Two members of a small web service behind the proxy, under load: kill the active member, hang the next one, then switch
 * over as planned. Returns 0 only if no request failed.
 */
export async function runDemo({ json, locale, out }: DemoOptions): Promise<number> {
  const t = speaker(locale);
  const say = json ? () => undefined : (text: string) => void out.write(`${text}\n`);
  say(
    t(
      `Two members of a small web service behind one address, ${RATE_PER_SECOND} requests per second.\n`,
      `一个地址后有两个成员的小型 Web 服务，每秒 ${RATE_PER_SECOND} 个请求。\n`,
    ),
  );
  const sample = await startSample({
    exclusive: false,
    intervalMs: 20,
    timeoutMs: 100,
    onEvent: teller(say, locale),
  });
  const load = sample.load({ method: 'GET', ratePerSecond: RATE_PER_SECOND });
  try {
    load.start();
    await pause(WARM_UP_MS);
    const rows = await runAll(sample, load, { say, locale });
    await load.stop();
    report({ json, locale, out }, load, rows);
  } finally {
    await load.stop();
    await sample.close();
  }
  return load.failures.length === 0 ? 0 : 6;
}

async function runAll(
  sample: Sample,
  load: OpenLoopLoad,
  { say, locale }: { readonly say: (text: string) => void; readonly locale: Locale },
): Promise<readonly Row[]> {
  const t = speaker(locale);
  const acts = [
    { title: t('kill -9 the active member', '强制终止（kill -9）主用成员'), act: 'kill' },
    { title: t('hang the active member (SIGSTOP)', '使主用成员假死（SIGSTOP）'), act: 'hang' },
    {
      title: t('planned switchover', '计划切换'),
      act: async () => await requestSwitchover(sample),
    },
  ] as const;
  const rows: Row[] = [];
  for (const { title, act } of acts) {
    say(`\n--- ${title}`);
    const before = load.sent;
    const trial = await runTrial({ ...sample, load, act });
    rows.push({ ...trial, title, requests: load.sent - before });
  }
  return rows;
}

async function requestSwitchover({ apiPort, service }: Sample): Promise<void> {
  await fetch(`http://127.0.0.1:${apiPort}/api/v1/services/${service}/switchover`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
}

/** Prints the agent's events, with the time since the start. */
function teller(say: (text: string) => void, locale: Locale): (event: AgentEvent) => void {
  const startedAt = monotonicMs();
  return (event) => {
    const seconds = ((monotonicMs() - startedAt) / 1000).toFixed(3).padStart(7);
    for (const line of eventLines(event, locale)) say(`${seconds} s  ${line}`);
  };
}

function report(
  { json, locale, out }: DemoOptions,
  load: OpenLoopLoad,
  rows: readonly Row[],
): void {
  const latencies = load.completions.map(({ latencyMs }) => latencyMs);
  const summary = {
    requests: load.sent,
    failed: load.failures.length,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    maxMs: percentile(latencies, 1),
  };
  if (json) {
    out.write(`${JSON.stringify({ ...summary, faults: rows }, null, 2)}\n`);
    return;
  }
  out.write(`\n${table(rows, locale)}\n`);
  const t = speaker(locale);
  const { requests, failed } = summary;
  const [p50, p99, max] = [summary.p50Ms, summary.p99Ms, summary.maxMs].map(ms);
  out.write(
    t(
      `${requests} requests, ${failed} failed; latency p50 ${p50}, p99 ${p99}, max ${max}\n`,
      `${requests} 个请求，${failed} 个失败；延迟 p50 ${p50}，p99 ${p99}，最大 ${max}\n`,
    ),
  );
  for (const { reason } of load.failures.slice(0, 5))
    out.write(`${t('failed: ', '失败：')}${reason}\n`);
}

function table(rows: readonly Row[], locale: Locale): string {
  const t = speaker(locale);
  const head = [
    '',
    t('from → to', '从 → 到'),
    t('requests', '请求'),
    t('failed', '失败'),
    t('longest gap', '最长间隔'),
    t('detect', '检测'),
    t('decide', '决策'),
    t('fence', '隔离'),
    t('switch', '切换'),
  ];
  const body = rows.map(({ title, from, to, requests, failures, gapMs, steps }) => [
    title,
    `${from} → ${to}`,
    String(requests),
    String(failures.length),
    ms(gapMs),
    ...[steps?.detectMs, steps?.decideMs, steps?.fenceMs, steps?.switchMs].map((value) =>
      ms(value ?? null),
    ),
  ]);
  const widths = head.map((text, column) =>
    Math.max(displayWidth(text), ...body.map((row) => displayWidth(row[column] ?? ''))),
  );
  return [head, ...body]
    .map((row) => row.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join('  '))
    .join('\n');
}

function pad(cell: string, width: number, column: number): string {
  const space = ' '.repeat(width - displayWidth(cell));
  return column < 2 ? cell + space : space + cell;
}

function ms(value: number | null): string {
  return value === null ? '-' : `${value.toFixed(1)} ms`;
}
