import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { assert } from '../core/assert.ts';
import { STATE_VERSION } from '../core/state.ts';
import { readBootId } from '../drivers/os/boot-id.ts';
import { sqliteFault } from '../drivers/store/sqlite-fault.ts';
import type { AppError } from '../errors.ts';
import type { JournalEntry, Journal as RuntimeJournal, Segment } from '../runtime/ports.ts';
import { stateVersionError } from './state-version-error.ts';
import { measureSegments, readNewestSegment, type SegmentSize } from './journal-reader.ts';

// What happened, in order, so that it can be replayed: events in segments, each of which starts with the
// configuration and the state before its first event. Replaying a segment needs nothing else. append()
// only buffers; flush() writes the batch in one transaction and MUST come before the effects that the
// batch has caused, so that no effect ever ran whose reason is unknown.
//
// The journal is a ring: beyond its bounds the oldest whole segments go. It is also allowed to fail, as
// availability does not depend on it: on a full disk it first gives up old segments; if that does not
// help, the batch is lost, flush() says why, and nothing more is written until a new segment starts,
// so that a gap can never sit inside a segment. The agent starts one whenever `snapshotDue` is true.
//
// Not guaranteed: the newest batches after a power failure (see drivers/store/database.ts).

export type JournalLimits = {
  readonly maxRows: number;
  readonly maxBytes: number;
  /** Those the ring is made of when it is full. A restarted agent replays the newest one, so many are short ones. */
  readonly segments: number;
};

export interface Journal extends RuntimeJournal {
  /** Why the newest flush failed; null: it succeeded. */
  readonly fault: AppError | null;
  /** Bytes of JSON kept on disk. */
  readonly bytes: number;
  /** Events that could not be kept since the journal was opened. */
  readonly lostEvents: number;
  /** null: everything appended is kept. Never throws for a disk that is full or failing. */
  flush(): AppError | null;
}

type Pending = {
  readonly entry: JournalEntry;
  readonly body: string;
  readonly config: string;
  readonly wallMs: number;
  readonly bytes: number;
};

/** Events that may wait for a flush; the agent flushes after each batch, which is far smaller. */
const MAX_PENDING = 10_000;

/** The database stays the caller's to close. */
export function openJournal(
  database: DatabaseSync,
  limits: JournalLimits,
  wallNow: () => number = Date.now,
): Journal {
  assert(limits.maxRows >= limits.segments, 'a segment has at least one row');
  assert(limits.maxBytes >= limits.segments, 'a segment has at least one byte');
  return new SqliteJournal(database, limits, wallNow);
}

class SqliteJournal implements Journal {
  readonly #database: DatabaseSync;
  readonly #limits: JournalLimits;
  readonly #wallNow: () => number;
  readonly #bootId = readBootId();
  readonly #insertEvent: StatementSync;
  readonly #insertSegment: StatementSync;
  /** Oldest first. */
  #segments: SegmentSize[];
  #nextSeq: number;
  #pending: Pending[] = [];
  /** Rows and bytes since the newest snapshot, pending ones included. */
  #growth = { rows: 0, bytes: 0 };
  #needsSnapshot = true;
  #fault: AppError | null = null;
  #lostEvents = 0;

  constructor(database: DatabaseSync, limits: JournalLimits, wallNow: () => number) {
    this.#database = database;
    this.#limits = limits;
    this.#wallNow = wallNow;
    this.#insertEvent = database.prepare('INSERT INTO event (seq, at, body) VALUES (?, ?, ?)');
    this.#insertSegment = database.prepare(
      `INSERT INTO segment (id, started_at, started_wall_ms, boot_id, config, state, first_seq)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#segments = measureSegments(database);
    const newest = database.prepare('SELECT max(seq) AS newest FROM event').get();
    this.#nextSeq = Number(newest?.['newest'] ?? 0) + 1;
  }

  get snapshotDue(): boolean {
    if (this.#needsSnapshot) return true;
    const { maxRows, maxBytes, segments } = this.#limits;
    return this.#growth.rows >= maxRows / segments || this.#growth.bytes >= maxBytes / segments;
  }

  get fault(): AppError | null {
    return this.#fault;
  }

  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  get lostEvents(): number {
    return this.#lostEvents;
  }

  append(entry: JournalEntry): void {
    if (entry.type === 'snapshot') {
      this.#needsSnapshot = false;
      this.#growth = { rows: 0, bytes: 0 };
    }
    if (this.#needsSnapshot || this.#isOverfull()) {
      this.#loseFrom(1);
      return;
    }
    const pending = encode(entry, this.#wallNow());
    this.#growth.rows += 1;
    this.#growth.bytes += pending.bytes;
    this.#pending.push(pending);
  }

  flush(): AppError | null {
    if (this.#pending.length === 0) return this.#fault;
    const batch = this.#pending;
    this.#pending = [];
    try {
      this.#writeWithRoom(batch);
      this.#fault = null;
    } catch (error) {
      this.#fault = sqliteFault(error, 'the journal');
      this.#loseFrom(batch.filter(({ entry }) => entry.type === 'event').length);
    }
    return this.#fault;
  }

  newest(): Segment | null {
    const segment = readNewestSegment(this.#database, this.#bootId);
    if (segment === null || segment.state.version === STATE_VERSION) return segment;
    const { message, reason, hint } = stateVersionError(segment.state);
    process.emitWarning(`${message.en}: ${reason.en}; ${hint.en}`);
    return null;
  }

  /** A segment that the agent has let grow past every bound: it ends here, unharmed. */
  #isOverfull(): boolean {
    const { maxRows, maxBytes } = this.#limits;
    if (this.#pending.length >= MAX_PENDING) return true;
    return this.#growth.rows >= maxRows || this.#growth.bytes >= maxBytes;
  }

  #loseFrom(events: number): void {
    this.#lostEvents += events;
    this.#needsSnapshot = true;
  }

  #writeWithRoom(batch: readonly Pending[]): void {
    // Each failed attempt but the last gives up one segment.
    for (let attempts = 1 + this.#segments.length; attempts > 0; attempts -= 1) {
      try {
        this.#write(batch);
        return;
      } catch (error) {
        const isFull = sqliteFault(error, 'the journal').code === 'diskFull';
        if (!isFull || attempts === 1) throw error;
        this.#makeRoom();
      }
    }
  }

  #write(batch: readonly Pending[]): void {
    const before = { segments: this.#segments, nextSeq: this.#nextSeq };
    this.#segments = this.#segments.map((segment) => ({ ...segment }));
    try {
      transaction(this.#database, () => {
        for (const pending of batch) this.#insert(pending);
        this.#dropBeyondLimits();
      });
    } catch (error) {
      this.#segments = before.segments;
      this.#nextSeq = before.nextSeq;
      throw error;
    }
  }

  #insert({ entry, body, config, wallMs, bytes }: Pending): void {
    if (entry.type === 'snapshot') {
      const id = (this.#segments.at(-1)?.id ?? 0) + 1;
      this.#insertSegment.run(
        id,
        entry.state.at,
        wallMs,
        this.#bootId,
        config,
        body,
        this.#nextSeq,
      );
      this.#segments.push({ id, firstSeq: this.#nextSeq, rows: 1, bytes });
      return;
    }
    const segment = this.#segments.at(-1);
    assert(segment !== undefined, 'an event follows a snapshot');
    this.#insertEvent.run(this.#nextSeq, entry.event.at, body);
    this.#nextSeq += 1;
    segment.rows += 1;
    segment.bytes += bytes;
  }

  #dropBeyondLimits(): void {
    while (this.#segments.length > 1 && this.#isBeyondLimits()) this.#dropOldest();
  }

  #isBeyondLimits(): boolean {
    const rows = this.#segments.reduce((sum, segment) => sum + segment.rows, 0);
    return rows > this.#limits.maxRows || this.bytes > this.#limits.maxBytes;
  }

  #dropOldest(): void {
    const [oldest, next] = this.#segments;
    assert(oldest !== undefined && next !== undefined, 'the current segment is never dropped');
    this.#database.prepare('DELETE FROM event WHERE seq < ?').run(next.firstSeq);
    this.#database.prepare('DELETE FROM segment WHERE id <= ?').run(oldest.id);
    this.#segments = this.#segments.slice(1);
  }

  /** On a full disk: the log starts over in the blocks it has, then an old segment is given back. */
  #makeRoom(): void {
    this.#database.exec('PRAGMA wal_checkpoint(RESTART)');
    if (this.#segments.length <= 1) return;
    const before = this.#segments;
    try {
      transaction(this.#database, () => this.#dropOldest());
    } catch (error) {
      this.#segments = before;
      throw error;
    }
    this.#database.exec('PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE);');
  }
}

function encode(entry: JournalEntry, wallMs: number): Pending {
  if (entry.type === 'event') {
    const body = JSON.stringify(entry.event);
    return { entry, body, config: '', wallMs, bytes: body.length };
  }
  const body = JSON.stringify(entry.state);
  const config = JSON.stringify(entry.config);
  return { entry, body, config, wallMs, bytes: body.length + config.length };
}

function transaction(database: DatabaseSync, action: () => void): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    action();
    database.exec('COMMIT');
  } catch (error) {
    // SQLite has already rolled back after some errors.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
