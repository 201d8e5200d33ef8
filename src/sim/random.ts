// The only source of randomness in a simulation: sfc32 (Chris Doty-Humphrey's small fast counting generator, PractRand), four
// 32-bit words of state: a run is a function of its seed alone. A generator can be split by a label: each part of the
// simulation has its own, so that an additional draw in one part does not change the others. Draws use 32-bit integers and
// exactly rounded operations; functions like Math.log, whose last bit differs between versions of V8, must not affect
// anything in a run's hash.

const WARM_UP_ROUNDS = 12;
const TWO_TO_20 = 1_048_576;
const TWO_TO_32 = 4_294_967_296;

export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number, stream = 0) {
    this.#a = seed | 0;
    this.#b = Math.floor(seed / TWO_TO_32) | 0;
    this.#c = stream | 0;
    for (let round = 0; round < WARM_UP_ROUNDS; round += 1) this.word();
  }

  /** The next 32 bits, as an unsigned integer. */
  word(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** A separate generator for one part: the same for the same label, independent of other draws. */
  split(label: string): Random {
    let stream = 0x811c9dc5; // FNV-1a
    for (let index = 0; index < label.length; index += 1)
      stream = Math.imul(stream ^ label.charCodeAt(index), 0x01000193);
    return new Random(this.word() * TWO_TO_20 + (stream >>> 12), stream);
  }

  /** A share from 0 up to but not including 1. */
  share(): number {
    return this.word() / TWO_TO_32;
  }

  /** An integer from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.share() * (high - low + 1));
  }

  chance(share: number): boolean {
    return this.share() < share;
  }

  /** One of the items; the list must not be empty. */
  pick<T>(items: readonly T[]): T {
    const item = items[this.integer(0, items.length - 1)];
    if (item === undefined) throw new RangeError('nothing to pick from');
    return item;
  }

  /** The items in random order. */
  shuffle<T>(items: readonly T[]): readonly T[] {
    const left = [...items];
    const order: T[] = [];
    while (left.length > 0) order.push(...left.splice(this.integer(0, left.length - 1), 1));
    return order;
  }

  /** Mostly near `low`, rarely near `high`, like delays: a product of three shares, because logarithms are not exact. */
  skewed(low: number, high: number): number {
    return low + (high - low) * this.share() * this.share() * this.share();
  }
}
