import type { DatabaseSync } from 'node:sqlite';
import type { StoredIncident } from '../../agent/contract.ts';
import { openIncidentLog } from '../../agent/incident-log.ts';
import { stateVersionError } from '../../agent/state-version-error.ts';
import { listSegments, readSegment, segmentsSince } from '../../agent/journal-reader.ts';
import type { Event } from '../../core/event.ts';
import { STATE_VERSION, type Incident } from '../../core/state.ts';
import { openJournalFile } from '../../drivers/store/database.ts';
import { sqliteFault } from '../../drivers/store/sqlite-fault.ts';
import { AppError } from '../../errors.ts';
import type { Checkpoint, Recording } from '../../replay/recording.ts';
import { formatWall } from '../../terminal.ts';

// Reads one incident from the journal of this installation, while a running agent can keep writing.

type RecordedIncident = StoredIncident & { readonly recording: Recording };

/** Each has a state: more would fill the memory of a small host. An incident that is open for hours is cut here. */
const MAX_EVENTS = 100_000;

/** Throws AppError notFound if the incident does not exist or its events were dropped. */
export function readRecording(stateDir: string, id: number | null): RecordedIncident {
  const database = openJournalFile(stateDir);
  try {
    // A consistent view of the file while the agent writes.
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

/** The segments from the begin to the end of the incident; null: dropped. */
function readContent(database: DatabaseSync, { id, endedAt }: Incident): Content | null {
  const [first, ...others] = segmentsSince(database, id);
  const start = first === undefined ? null : readSegment(database, first.id);
  if (start === null) return null;
  if (start.state.version !== STATE_VERSION)
    throw new AppError('stateUnusable', stateVersionError(start.state));
  const events: Event[] = [...start.events];
  const checkpoints: Checkpoint[] = [];
  for (const { id: segment, isFresh } of others) {
    // An agent that did not recover its predecessor's state begins a new history.
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
    message:
      id === null
        ? { en: 'no incidents yet', zh: '尚无切换记录' }
        : { en: `no incident ${id}`, zh: `没有第 ${id} 次切换的记录` },
    reason:
      id === null
        ? {
            en: 'the journal of this installation contains no incident',
            zh: '本安装的事件日志中没有切换记录',
          }
        : {
            en: 'it never happened here, or its record was dropped',
            zh: '它未在此发生，或记录已不再保留',
          },
    hint: { en: 'list incidents with: hotwarm history', zh: '列出切换记录：hotwarm history' },
  });
}

function droppedEvents(database: DatabaseSync, id: number): AppError {
  const [oldest] = listSegments(database);
  const since =
    oldest === undefined
      ? { en: 'it has no events now', zh: '目前没有事件' }
      : {
          en: `its events begin at ${formatWall(oldest.startedWallMs)}`,
          zh: `现有事件始于 ${formatWall(oldest.startedWallMs)}`,
        };
  return new AppError('notFound', {
    message: {
      en: `the events of incident ${id} are no longer in the journal`,
      zh: `第 ${id} 次切换的事件已不在事件日志中`,
    },
    reason: {
      en: `a full journal drops its oldest events, and ${since.en}; the record of the incident is kept longer`,
      zh: `事件日志写满后丢弃最旧的事件，${since.zh}；切换记录本身保留得更久`,
    },
    hint: {
      en: `read the record with: hotwarm explain ${id}; next time keep the events with: hotwarm replay ID --export FILE`,
      zh: `查看记录：hotwarm explain ${id}；下次可保留事件：hotwarm replay ID --export FILE`,
    },
  });
}
