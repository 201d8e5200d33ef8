import type { Effect } from '../core/effect.ts';
import type { Event } from '../core/event.ts';

// The trace of a run: a hash and, if requested, lines. The hash covers every event delivered to an agent and every issued
// effect with all fields in order: runs with the same hash are identical. It has 64 bits, as two FNV-1a halves with
// different offsets; numbers enter as their IEEE 754 bits.

const PRIME_A = 0x01000193;
const PRIME_B = 0x85ebca6b;

const NUMBER = new Float64Array(1);
const WORDS = new Uint32Array(NUMBER.buffer);

export type TraceLine = {
  readonly atMs: number;
  readonly where: string;
  readonly what: string;
};

/** Number of newest lines kept. */
const LINES_LIMIT = 1_000_000;

const TEXTS = new Map<string, number>();
const TEXTS_LIMIT = 1000;

export class Trace {
  readonly lines: TraceLine[] | null;
  #a = 0x811c9dc5 | 0;
  #b = 0x2f0b4a27;
  #hashed = 0;

  constructor(keepsLines: boolean) {
    this.lines = keepsLines ? [] : null;
  }

  /** 16 hexadecimal digits. */
  get hash(): string {
    return hex(this.#a) + hex(this.#b);
  }

  /** Events and effects that the hash covers. */
  get hashed(): number {
    return this.#hashed;
  }

  add(host: number, fact: Event | Effect): void {
    this.#hashed += 1;
    this.#word(host);
    this.#value(fact);
  }

  line(atUs: number, where: string, what: string): void {
    if (this.lines === null || this.lines.length >= LINES_LIMIT) return;
    this.lines.push({ atMs: atUs / 1000, where, what });
  }

  #value(value: unknown): void {
    switch (typeof value) {
      case 'number':
        // -0 and 0 are the same to the core.
        NUMBER[0] = value === 0 ? 0 : value;
        this.#word(WORDS[0] ?? 0);
        this.#word(WORDS[1] ?? 0);
        return;
      case 'string':
        this.#text(value);
        return;
      case 'boolean':
        this.#word(value ? 3 : 2);
        return;
      case 'object':
        if (value === null) this.#word(1);
        else this.#object(value);
        return;
      default:
        throw new TypeError(`facts are plain data, not ${typeof value}`);
    }
  }

  #object(value: object): void {
    for (const field of Object.values(value)) this.#value(field);
    this.#word(4);
  }

  #text(text: string): void {
    this.#word(wordOf(text));
  }

  #word(word: number): void {
    this.#a = Math.imul(this.#a ^ word, PRIME_A);
    const mixed = Math.imul(this.#b ^ word, PRIME_B);
    this.#b = mixed ^ (mixed >>> 15);
  }
}

/** Names of fields and members repeat: each is hashed once. */
function wordOf(text: string): number {
  const known = TEXTS.get(text);
  if (known !== undefined) return known;
  let word = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1)
    word = Math.imul(word ^ text.charCodeAt(index), PRIME_A);
  if (TEXTS.size < TEXTS_LIMIT) TEXTS.set(text, word);
  return word;
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
