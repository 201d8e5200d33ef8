import { setTimeout as sleep } from 'node:timers/promises';
import type { StoredIncident } from '../agent/contract.ts';
import { describeFact } from '../core/describe/fact.ts';
import { duration } from '../core/describe/language.ts';
import { describeOperation } from '../core/describe/refusal.ts';
import { AppError } from '../errors.ts';
import type { Client } from './client.ts';
import { formatEntry, outcomeTone, summarise } from './incident-text.ts';
import { cell, paint, type Terminal, writeJson } from '../terminal.ts';
import { pickService } from './pick-service.ts';

// switchover, failover and failback: send the command, then follow its incident until it ends.

export type MoveOptions = {
  readonly client: Client;
  readonly terminal: Terminal;
  readonly service: string | null;
  readonly json: boolean;
  /** Maximum time to wait for the end, ms. */
  readonly timeoutMs: number;
};

const POLL_MS = 100;

/** Resolves to 0 on success. Throws AppError refused, failed, unreachable, notFound. */
export async function runMove(
  command: 'switchover' | 'failover' | 'failback',
  to: string | null,
  options: MoveOptions,
): Promise<number> {
  const { client, terminal } = options;
  const service = await pickService(client, options.service);
  const id = await client.command(service, command, to);
  if (id === null) return 0;
  const stored = await follow(id, options);
  const { incident } = stored;
  if (options.json) writeJson(terminal, stored);
  if (incident.outcome !== 'succeeded') throw unsuccessful(stored);
  if (terminal.isInteractive && !options.json) {
    const line = summarise(incident, terminal.locale);
    terminal.out.write(`${paint(terminal, cell(line, outcomeTone(incident.outcome)))}\n`);
  }
  return 0;
}

async function follow(
  id: number,
  { client, terminal, json, timeoutMs }: MoveOptions,
): Promise<StoredIncident> {
  const deadline = performance.now() + timeoutMs;
  let shown = 0;
  while (performance.now() < deadline) {
    const stored = await client.incident(id);
    if (stored !== null) {
      const { timeline, startedAt, outcome } = stored.incident;
      if (terminal.isInteractive && !json) {
        for (const entry of timeline.slice(shown)) {
          terminal.out.write(formatEntry(terminal, entry, startedAt));
        }
        shown = timeline.length;
      }
      if (outcome !== 'underWay') return stored;
    }
    await sleep(POLL_MS);
  }
  throw new AppError('failed', {
    message: {
      en: `incident ${id} did not end within ${duration(timeoutMs)}`,
      zh: `第 ${id} 次切换未在 ${duration(timeoutMs)} 内结束`,
    },
    reason: { en: 'the takeover is still in progress', zh: '接管仍在进行中' },
    hint: { en: `follow it with: hotwarm explain ${id}`, zh: `查看进展：hotwarm explain ${id}` },
  });
}

function unsuccessful({ incident }: StoredIncident): AppError {
  const failure = incident.timeline.findLast((entry) => entry.code === 'failed');
  const isAborted = incident.outcome === 'aborted';
  const kind = describeOperation(incident.kind, 'zh');
  return new AppError('failed', {
    message: {
      en: `the ${describeOperation(incident.kind, 'en')} ${isAborted ? 'was aborted' : 'failed'}`,
      zh: isAborted ? `${kind}已中止` : `${kind}失败`,
    },
    reason:
      failure === undefined
        ? { en: 'see its timeline', zh: '见切换的经过' }
        : { en: describeFact(failure, 'en'), zh: describeFact(failure, 'zh') },
    hint: {
      en: `show the timeline with: hotwarm explain ${incident.id}`,
      zh: `查看经过：hotwarm explain ${incident.id}`,
    },
  });
}
