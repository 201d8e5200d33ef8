import { assert } from './assert.ts';
import type { Instant } from './time.ts';

// The position of a copy in the history of writes: an unsigned 64-bit number, such as a log sequence number. A double holds
// 53 bits, so it is stored as 16 hexadecimal digits: they survive JSON and sort like the numbers.

declare const brand: unique symbol;
export type Position = string & { readonly [brand]: 'Position' };

/** A member's report about its copy. Two positions are comparable only on the same history and timeline. */
export type PositionReport = {
  /** Identity of the data: a system identifier, a replication ID. */
  readonly history: string;
  /** Branch of the history: a promotion begins a new one. */
  readonly timeline: number;
  readonly position: Position;
  /** When it was measured, which is before the agent received it. */
  readonly asOf: Instant;
};

const POSITION_MAX = 0xffff_ffff_ffff_ffffn;
const LAG_MAX = BigInt(Number.MAX_SAFE_INTEGER);

export function toPosition(value: bigint): Position {
  assert(value >= 0n && value <= POSITION_MAX, 'a position has 64 bits');
  const digits = value.toString(16).padStart(16, '0');
  assert(isPosition(digits), 'a position is 16 hexadecimal digits');
  return digits;
}

export function isPosition(text: string): text is Position {
  return /^[0-9a-f]{16}$/.test(text);
}

export function fromPosition(position: Position): bigint {
  return BigInt(`0x${position}`);
}

/** Negative: `a` comes first. */
export function comparePositions(a: Position, b: Position): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Bytes from `behind` to `ahead`; 0 if it is not behind; at most the greatest safe integer. */
export function bytesBetween(behind: Position, ahead: Position): number {
  const bytes = fromPosition(ahead) - fromPosition(behind);
  if (bytes <= 0n) return 0;
  return Number(bytes < LAG_MAX ? bytes : LAG_MAX);
}

export function isSameTimeline(a: PositionReport, b: PositionReport): boolean {
  return a.history === b.history && a.timeline === b.timeline;
}

/** Lag of the copy `behind` relative to the copy `ahead`; null: unknown, or not comparable. */
export function lagBetween(
  behind: PositionReport | null,
  ahead: PositionReport | null,
): number | null {
  if (behind === null || ahead === null || !isSameTimeline(behind, ahead)) return null;
  return bytesBetween(behind.position, ahead.position);
}
