import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import type { Incident } from '../core/state.ts';
import { sqliteFault } from '../drivers/store/sqlite-fault.ts';
import type { AppError } from '../errors.ts';
import type { StoredIncident } from './contract.ts';

// Incidents as the operator sees them, one row each in the journal's file, kept far longer than the
// events they came from. Like the journal, a log that cannot be written does not stop the agent.

export interface IncidentLog {
  /** The id the next incident should have: ids are never given twice. */
  nextIncident(): number;
  /** Inserts or replaces. null: kept. */
  save(stored: StoredIncident): AppError | null;
  /** Newest first. */
  list(options: { service: string | null; limit: number }): readonly StoredIncident[];
  get(id: number): StoredIncident | null;
}

const MAX_INCIDENTS = 10_000;
const MAX_LIST = 1000;

/** The database stays the caller's to close; it may be one opened for reading only. */
export function openIncidentLog(database: DatabaseSync): IncidentLog {
  return {
    nextIncident: () => nextIncident(database),
    save: (stored) => save(database, stored),
    list: (options) => list(database, options),
    get: (id) => get(database, id),
  };
}

function nextIncident(database: DatabaseSync): number {
  const row = database.prepare('SELECT max(id) AS newest FROM incident').get();
  return Number(row?.['newest'] ?? 0) + 1;
}

function save(database: DatabaseSync, stored: StoredIncident): AppError | null {
  const { incident, startedWallMs } = stored;
  try {
    database
      .prepare(
        'INSERT OR REPLACE INTO incident (id, service, started_wall_ms, body) VALUES (?, ?, ?, ?)',
      )
      .run(incident.id, incident.service, startedWallMs, JSON.stringify(incident));
    database.prepare('DELETE FROM incident WHERE id <= ?').run(incident.id - MAX_INCIDENTS);
    return null;
  } catch (error) {
    return sqliteFault(error, 'the incident log');
  }
}

function list(
  database: DatabaseSync,
  options: { readonly service: string | null; readonly limit: number },
): readonly StoredIncident[] {
  const limit = Math.max(1, Math.min(MAX_LIST, options.limit));
  const columns = 'SELECT started_wall_ms AS startedWallMs, body FROM incident';
  const rows =
    options.service === null
      ? database.prepare(`${columns} ORDER BY id DESC LIMIT ?`).all(limit)
      : database
          .prepare(`${columns} WHERE service = ? ORDER BY id DESC LIMIT ?`)
          .all(options.service, limit);
  return rows.map(toStored);
}

function get(database: DatabaseSync, id: number): StoredIncident | null {
  const row = database
    .prepare('SELECT started_wall_ms AS startedWallMs, body FROM incident WHERE id = ?')
    .get(id);
  return row === undefined ? null : toStored(row);
}

function toStored(row: Record<string, SQLOutputValue>): StoredIncident {
  // The body is JSON that save() made of an Incident.
  const incident: Incident = JSON.parse(String(row['body']));
  return { incident, startedWallMs: Number(row['startedWallMs']) };
}
