import type { Effect } from '../core/effect.ts';
import type { Event } from '../core/event.ts';

// What happened, as a hash and, when asked for, as lines. The hash covers every event that was delivered to any agent and
// every effect that was issued, with all of their fields in order, so two runs with the same hash went the same way.
// 64 bits in two halves of FNV-1a with different offsets; numbers enter by the bits of their IEEE 754 form.

const PRIME_A = 0x01000193;
const PRIME_B = 0x85ebca6b;

const NUMBER = new Float64Array(1);
const WORDS = new Uint32Array(NUMBER.buffer);

export type TraceLine = {
  readonly atMs: number;
  readonly where: string;
  readonly what: string;
};

/** Newest lines kept; a run that is looked at is short. */
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

/** Names of fields and members come again and again: each is hashed once. */
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
