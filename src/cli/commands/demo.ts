import { setTimeout as pause } from 'node:timers/promises';
import type { AgentEvent } from '../../agent/contract.ts';
import { monotonicMs } from '../../clock.ts';
import { percentile } from '../../core/percentile.ts';
import type { OpenLoopLoad } from '../../drill/load.ts';
import { startSample, type Sample } from '../../drill/sample-service.ts';
import { runTrial, type TrialReport } from '../../drill/trial.ts';
import { eventLines } from '../event-lines.ts';

type DemoOptions = { readonly json: boolean; readonly out: NodeJS.WritableStream };

const RATE_PER_SECOND = 200;
const WARM_UP_MS = 1000;

type Row = TrialReport & { readonly title: string; readonly requests: number };

/**
 * Two members of a small web service behind the proxy, under load: the active one is killed, the next one hung,
 * then traffic is moved as planned. Returns 0 only if no request failed.
 */
export async function runDemo({ json, out }: DemoOptions): Promise<number> {
  const say = json ? () => undefined : (text: string) => void out.write(`${text}\n`);
  say(
    `Two members of a small web service behind one address, ${RATE_PER_SECOND} requests a second.\n`,
  );
  const sample = await startSample({
    exclusive: false,
    intervalMs: 20,
    timeoutMs: 100,
    onEvent: teller(say),
  });
  const load = sample.load({ method: 'GET', ratePerSecond: RATE_PER_SECOND });
  try {
    load.start();
    await pause(WARM_UP_MS);
    const rows = await runAll(sample, load, say);
    await load.stop();
    report({ json, out }, load, rows);
  } finally {
    await load.stop();
    await sample.close();
  }
  return load.failures.length === 0 ? 0 : 6;
}

async function runAll(
  sample: Sample,
  load: OpenLoopLoad,
  say: (text: string) => void,
): Promise<readonly Row[]> {
  const acts = [
    { title: 'kill -9 the active', act: 'kill' },
    { title: 'hang the active (SIGSTOP)', act: 'hang' },
    { title: 'planned switchover', act: async () => await requestSwitchover(sample) },
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

/** The agent's events as they come, timed from the first one. */
function teller(say: (text: string) => void): (event: AgentEvent) => void {
  const startedAt = monotonicMs();
  return (event) => {
    const seconds = ((monotonicMs() - startedAt) / 1000).toFixed(3).padStart(7);
    for (const line of eventLines(event, 'en')) say(`${seconds} s  ${line}`);
  };
}

function report({ json, out }: DemoOptions, load: OpenLoopLoad, rows: readonly Row[]): void {
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
  out.write(`\n${table(rows)}\n`);
  out.write(
    `${summary.requests} requests, ${summary.failed} failed; latency p50 ${ms(summary.p50Ms)}, p99 ${ms(summary.p99Ms)}, max ${ms(summary.maxMs)}\n`,
  );
  for (const { reason } of load.failures.slice(0, 5)) out.write(`failed: ${reason}\n`);
}

function table(rows: readonly Row[]): string {
  const head = [
    '',
    'from → to',
    'requests',
    'failed',
    'longest gap',
    'detect',
    'decide',
    'fence',
    'switch',
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
    Math.max(text.length, ...body.map((row) => row[column]?.length ?? 0)),
  );
  return [head, ...body]
    .map((row) => row.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join('  '))
    .join('\n');
}

function pad(cell: string, width: number, column: number): string {
  return column < 2 ? cell.padEnd(width) : cell.padStart(width);
}

function ms(value: number | null): string {
  return value === null ? '-' : `${value.toFixed(1)} ms`;
}
