import { setTimeout as sleep } from 'node:timers/promises';
import type { StoredIncident } from '../../agent/contract.ts';
import { AppError } from '../../errors.ts';
import type { Client } from '../client.ts';
import { formatEntry, outcomeTone, summarise } from '../incident-text.ts';
import { cell, paint, type Terminal, writeJson } from '../../terminal.ts';
import { pickService } from '../pick-service.ts';

// switchover, failover and failback: ask, then follow the incident that it opens until it has ended.

export type MoveOptions = {
  readonly client: Client;
  readonly terminal: Terminal;
  readonly service: string | null;
  readonly json: boolean;
  /** Patience with the incident, ms. */
  readonly timeoutMs: number;
};

const POLL_MS = 100;

/** Resolves to 0 when it succeeded. Throws AppError refused, failed, unreachable, notFound. */
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
  if (incident.outcome !== 'succeeded') throw unsuccessful(stored, command);
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
    what: `incident ${id} has not ended within ${timeoutMs} ms`,
    why: 'the agent still works on it',
    todo: `follow it with: hotwarm explain ${id}`,
  });
}

function unsuccessful({ incident }: StoredIncident, command: string): AppError {
  const failure = incident.timeline.findLast((entry) => entry.code === 'failed');
  return new AppError('failed', {
    what: `the ${command} ${incident.outcome === 'aborted' ? 'was aborted' : 'failed'}`,
    why: failure === undefined ? 'see its timeline' : `${failure.effect}: ${failure.detail}`,
    todo: `see what happened with: hotwarm explain ${incident.id}`,
  });
}
