import type { DatabaseSync } from 'node:sqlite';
import type { StoredIncident } from '../../agent/contract.ts';
import { openIncidentLog } from '../../agent/incident-log.ts';
import { foreignState } from '../../agent/foreign-state.ts';
import { listSegments, readSegment, segmentsSince } from '../../agent/journal-reader.ts';
import type { Event } from '../../core/event.ts';
import { STATE_VERSION, type Incident } from '../../core/state.ts';
import { openJournalFile } from '../../drivers/store/database.ts';
import { sqliteFault } from '../../drivers/store/sqlite-fault.ts';
import { AppError } from '../../errors.ts';
import type { Checkpoint, Recording } from '../../replay/recording.ts';
import { formatWall } from '../../terminal.ts';

// One incident from the journal of this installation, which is only read: an agent that runs goes on writing.

export type RecordedIncident = StoredIncident & { readonly recording: Recording };

/** Each comes with a state; more would fill the memory of a small machine. An incident that is open for hours ends here. */
const MAX_EVENTS = 100_000;

/** Throws AppError notFound where there is no such incident or its events are no longer kept. */
export function readRecording(stateDir: string, id: number | null): RecordedIncident {
  const database = openJournalFile(stateDir);
  try {
    // One view of the file, whatever the agent writes meanwhile.
    database.exec('BEGIN');
    return read(database, id);
  } catch (error) {
    throw error instanceof AppError ? error : sqliteFault(error, 'the journal');
  } finally {
    database.close();
  }
}

function read(database: DatabaseSync, id: number | null): RecordedIncident {
  const log = openIncidentLog(database);
  const stored = id === null ? log.list({ service: null, limit: 1 })[0] : log.get(id);
  if (stored === undefined || stored === null) throw unknownIncident(id);
  const { incident } = stored;
  const content = readContent(database, incident);
  if (content === null) throw droppedEvents(database, incident.id);
  const { service, id: number } = incident;
  return { ...stored, recording: { ...content, service, incident: number, stored: incident } };
}

type Content = Pick<Recording, 'config' | 'state' | 'events' | 'checkpoints'>;

/** The segment in which the incident begins, and those after it until it ends; null: it is no longer kept. */
function readContent(database: DatabaseSync, { id, endedAt }: Incident): Content | null {
  const [first, ...others] = segmentsSince(database, id);
  const start = first === undefined ? null : readSegment(database, first.id);
  if (start === null) return null;
  if (start.state.version !== STATE_VERSION)
    throw new AppError('stateUnusable', foreignState(start.state));
  const events: Event[] = [...start.events];
  const checkpoints: Checkpoint[] = [];
  for (const { id: segment, isFresh } of others) {
    // An agent that knew nothing of its predecessor is another story.
    const next = isFresh ? null : readSegment(database, segment);
    if (next === null) break;
    checkpoints.push({ afterEvents: events.length, state: next.state });
    const isOver = endedAt !== null && (events.at(-1)?.at ?? 0) >= endedAt;
    if (isOver || events.length + next.events.length > MAX_EVENTS) break;
    for (const event of next.events) events.push(event);
  }
  return { config: start.config, state: start.state, events, checkpoints };
}

function unknownIncident(id: number | null): AppError {
  return new AppError('notFound', {
    what: id === null ? 'nothing has happened yet' : `there is no incident ${id}`,
    why:
      id === null
        ? 'the journal of this installation tells of no incident'
        : 'it never happened here, or is kept no longer',
    todo: 'list what there is with: hotwarm history',
  });
}

function droppedEvents(database: DatabaseSync, id: number): AppError {
  const [oldest] = listSegments(database);
  const since =
    oldest === undefined
      ? 'it keeps none at present'
      : `those that it keeps begin at ${formatWall(oldest.startedWallMs)}`;
  return new AppError('notFound', {
    what: `the events of incident ${id} are not kept any more`,
    why: `the journal is a ring that gives up its oldest events when it is full, and ${since}; the incident's own record is kept longer`,
    todo: `read that record with: hotwarm explain ${id}; next time keep the events with: hotwarm replay ID --export FILE`,
  });
}
