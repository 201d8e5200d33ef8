import type { DatabaseSync } from 'node:sqlite';
import type { CoreConfig } from '../core/config.ts';
import type { Event } from '../core/event.ts';
import type { AgentState } from '../core/state.ts';
import type { Segment } from '../runtime/ports.ts';

// Reads what journal.ts has written, in the agent itself or in a command beside it: which segments there
// are, and everything that the replay of one needs.

type SegmentSummary = {
  readonly id: number;
  readonly startedWallMs: number;
  /** Instants on the monotonic clock of the boot it was written in. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly events: number;
};

/** What the ring of journal.ts counts; it keeps these up to date as it writes. */
export type SegmentSize = {
  readonly id: number;
  readonly firstSeq: number;
  rows: number;
  bytes: number;
};

/** An agent's first segment begins before it has started; samples of the host may come before that event. */
const FIRST_EVENTS = 100;

/** Oldest first. */
export function listSegments(database: DatabaseSync): readonly SegmentSummary[] {
  return database
    .prepare(
      `SELECT s.id, s.started_wall_ms AS startedWallMs, s.started_at AS startedAt,
         coalesce(max(e.at), s.started_at) AS endedAt, count(e.seq) AS events
       FROM segment s LEFT JOIN event e ON e.seq >= s.first_seq
         AND e.seq < coalesce((SELECT min(n.first_seq) FROM segment n WHERE n.id > s.id), 9e18)
       GROUP BY s.id ORDER BY s.id`,
    )
    .all()
    .map((row) => ({
      id: Number(row['id']),
      startedWallMs: Number(row['startedWallMs']),
      startedAt: Number(row['startedAt']),
      endedAt: Number(row['endedAt']),
      events: Number(row['events']),
    }));
}

/** The segment in which the incident of this number would open, and those after it; empty: it is no longer kept. */
export function segmentsSince(
  database: DatabaseSync,
  incident: number,
): readonly { readonly id: number; readonly isFresh: boolean }[] {
  const segments = database
    .prepare(
      `SELECT s.id, json_extract(s.state, '$.started') AS started,
         coalesce(
           CASE WHEN json_extract(s.state, '$.started') THEN NULL ELSE (
             SELECT json_extract(e.body, '$.nextIncident') FROM event e
             WHERE e.seq BETWEEN s.first_seq AND s.first_seq + ${FIRST_EVENTS}
               AND json_extract(e.body, '$.type') = 'agentStarted'
             ORDER BY e.seq LIMIT 1
           ) END,
           json_extract(s.state, '$.nextIncident')
         ) AS nextIncident
       FROM segment s ORDER BY s.id`,
    )
    .all()
    .map((row) => ({
      id: Number(row['id']),
      isFresh: Number(row['started']) === 0,
      nextIncident: Number(row['nextIncident']),
    }));
  const first = segments.findLastIndex(({ nextIncident }) => nextIncident <= incident);
  return first === -1 ? [] : segments.slice(first);
}

/** The newest segment; null: there is none. */
export function readNewestSegment(database: DatabaseSync, bootId: string): Segment | null {
  const row = database
    .prepare('SELECT id, boot_id AS bootId FROM segment ORDER BY id DESC LIMIT 1')
    .get();
  const content = row === undefined ? null : readSegment(database, Number(row['id']));
  return content && { ...content, isOfThisBoot: row?.['bootId'] === bootId };
}

/** What a segment holds, of whichever boot. null: there is no such segment, or no longer. */
export function readSegment(
  database: DatabaseSync,
  id: number,
): Omit<Segment, 'isOfThisBoot'> | null {
  const segment = database
    .prepare('SELECT config, state, first_seq AS firstSeq FROM segment WHERE id = ?')
    .get(id);
  if (segment === undefined) return null;
  const next = database
    .prepare('SELECT min(first_seq) AS firstSeq FROM segment WHERE id > ?')
    .get(id);
  const events = database
    .prepare('SELECT body FROM event WHERE seq >= ? AND seq < ? ORDER BY seq')
    .all(Number(segment['firstSeq']), Number(next?.['firstSeq'] ?? Number.MAX_SAFE_INTEGER));
  // The texts are JSON that journal.ts made of exactly these types; SQLite has checked the file.
  const config: CoreConfig = JSON.parse(String(segment['config']));
  const state: AgentState = JSON.parse(String(segment['state']));
  return { config, state, events: events.map(({ body }): Event => JSON.parse(String(body))) };
}

/** Oldest first. Reads every row: for the start only. */
export function measureSegments(database: DatabaseSync): SegmentSize[] {
  const rows = database
    .prepare(
      `SELECT s.id, s.first_seq AS firstSeq, 1 + count(e.seq) AS rows,
         length(s.config) + length(s.state) + coalesce(sum(length(e.body)), 0) AS bytes
       FROM segment s LEFT JOIN event e ON e.seq >= s.first_seq
         AND e.seq < coalesce((SELECT min(n.first_seq) FROM segment n WHERE n.id > s.id), 9e18)
       GROUP BY s.id ORDER BY s.id`,
    )
    .all();
  return rows.map((row) => ({
    id: Number(row['id']),
    firstSeq: Number(row['firstSeq']),
    rows: Number(row['rows']),
    bytes: Number(row['bytes']),
  }));
}
