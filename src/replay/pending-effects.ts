import { isOutcome } from '../core/describe/event.ts';
import type { EffectId } from '../core/effect.ts';
import type { Event } from '../core/event.ts';
import type { Instant } from '../core/time.ts';

/** Something that is to happen. */
export type Item = {
  readonly at: Instant;
  /** Recorded events keep their order among those of one instant; all others come after them. */
  readonly order: number;
  /** Made when its time has come; null: it does not happen after all. */
  readonly make: () => Event | null;
  /** The order whose outcome it is; null: it is none. */
  readonly ends: EffectId | null;
};

export const UNRECORDED = Number.POSITIVE_INFINITY;

/** What is to happen, in the order of its time. */
export class Agenda {
  #items: Item[] = [];

  get first(): Item | null {
    return this.#items[0] ?? null;
  }

  add(item: Item): void {
    const index = this.#items.findIndex((other) => isBefore(item, other));
    this.#items.splice(index === -1 ? this.#items.length : index, 0, item);
  }

  /** An event that is known already. */
  addEvent(event: Event, order = UNRECORDED): void {
    const ends = isOutcome(event) ? event.id : null;
    this.add({ at: event.at, order, make: () => event, ends });
  }

  shift(): void {
    this.#items.shift();
  }

  hasEndOf(id: EffectId): boolean {
    return this.#items.some(({ ends }) => ends === id);
  }

  dropEndOf(id: EffectId): void {
    this.#items = this.#items.filter(({ ends }) => ends !== id);
  }
}

export function isBefore(one: Item, other: Item): boolean {
  return one.at === other.at ? one.order < other.order : one.at < other.at;
}
