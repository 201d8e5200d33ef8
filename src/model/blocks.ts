import { requireCount } from './check-argument.ts';
import type { Reliability } from './reliability.ts';

// Reliability block diagrams: series, parallel and k-out-of-n, nested as deep as one likes. Every step adds and
// multiplies probabilities, and never subtracts them, so that a diagram of any size keeps the relative precision
// of both the reliability and its complement, nine nines or ninety.

export type Block =
  | Component
  /** Works when all do. */
  | { readonly kind: 'series'; readonly blocks: readonly Block[] }
  /** Works when at least one does. */
  | { readonly kind: 'parallel'; readonly blocks: readonly Block[] }
  /** Works when at least `needed` of the blocks do. */
  | { readonly kind: 'kOutOfN'; readonly needed: number; readonly blocks: readonly Block[] };

/** Components of one name are one component, wherever they stand; otherwise all fail independently. */
export type Component = {
  readonly kind: 'component';
  readonly name: string;
  readonly survival: Reliability;
};

/** Each component that stands in several places doubles the work. */
const MOST_SHARED = 16;
const MOST_BLOCKS = 100_000;

const WORKS: Reliability = { reliability: 1, unreliability: 0 };
const FAILS: Reliability = { reliability: 0, unreliability: 1 };

export type Known = ReadonlyMap<string, Reliability>;

/**
 * Probability that the diagram works. Components that stand in several places are decomposed by (total probability
 * over their states), the rest is combined upwards.
 * Source: IEC 61078:2016, 8 (series, parallel, m out of n) and annex B (factoring); k-out-of-n by the recursion of
 * Barlow and Heidtmann, IEEE Trans. Reliability 33, 1984, kept for both tails.
 * Assumes that components of different names fail independently.
 */
export function blockReliability(block: Block): Reliability {
  return decompose(block, sharedComponents(block), new Map());
}

/** As `blockReliability`, where the components in `known` are fixed and `shared` are still to be decomposed by. */
export function decompose(block: Block, shared: readonly Component[], known: Known): Reliability {
  const [pivot, ...rest] = shared;
  if (pivot === undefined) return combine(block, known);
  const { reliability, unreliability } = pivot.survival;
  const up = decompose(block, rest, new Map([...known, [pivot.name, WORKS]]));
  const down = decompose(block, rest, new Map([...known, [pivot.name, FAILS]]));
  return {
    reliability: reliability * up.reliability + unreliability * down.reliability,
    unreliability: reliability * up.unreliability + unreliability * down.unreliability,
  };
}

/** Components that stand in more than one place. */
export function sharedComponents(block: Block): readonly Component[] {
  const seen = new Map<string, Component>();
  const shared = new Map<string, Component>();
  for (const component of components(block)) {
    const first = seen.get(component.name);
    if (first === undefined) seen.set(component.name, component);
    else shared.set(component.name, sameAs(first, component));
  }
  if (shared.size > MOST_SHARED) {
    throw new RangeError(
      `${shared.size} components stand in several places; at most ${MOST_SHARED} may, as each doubles the work`,
    );
  }
  return [...shared.values()];
}

function sameAs(first: Component, again: Component): Component {
  const { reliability, unreliability } = again.survival;
  if (
    first.survival.reliability !== reliability ||
    first.survival.unreliability !== unreliability
  ) {
    throw new RangeError(
      `component "${again.name}" stands in several places with different probabilities; give it one, or two names`,
    );
  }
  return first;
}

/** In the order of the diagram, once for each place. */
export function components(block: Block): readonly Component[] {
  const found: Component[] = [];
  const open: Block[] = [block];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.kind === 'component') found.push(next);
    else for (const part of next.blocks.toReversed()) open.push(part);
    if (found.length + open.length > MOST_BLOCKS) {
      throw new RangeError(`the diagram has more than ${MOST_BLOCKS} components`);
    }
  }
  return found;
}

/** Combines a diagram upwards, as if every place were a component of its own. */
export function combine(block: Block, known: Known): Reliability {
  switch (block.kind) {
    case 'component':
      return known.get(block.name) ?? block.survival;
    case 'series':
      return allOf(block.blocks.map((part) => combine(part, known)));
    case 'parallel':
      return turned(allOf(block.blocks.map((part) => turned(combine(part, known)))));
    case 'kOutOfN':
      return atLeastOf(
        block.needed,
        block.blocks.map((part) => combine(part, known)),
      );
    default:
      return block satisfies never;
  }
}

/** All work: R = Π R_i and 1 − R = q_1 + R_1 q_2 + R_1 R_2 q_3 + …; nothing at all works. */
function allOf(parts: readonly Reliability[]): Reliability {
  return parts.reduce(
    (sum, { reliability, unreliability }) => ({
      unreliability: sum.unreliability + sum.reliability * unreliability,
      reliability: sum.reliability * reliability,
    }),
    WORKS,
  );
}

function turned({ reliability, unreliability }: Reliability): Reliability {
  return { reliability: unreliability, unreliability: reliability };
}

/** At least `needed` of so many alike and independent parts work: the binomial sum, for both tails. */
export function kOutOfNReliability(needed: number, count: number, part: Reliability): Reliability {
  requireCount('count', count, 1, MOST_ALIKE);
  return atLeastOf(
    needed,
    Array.from({ length: count }, () => part),
  );
}

/** The sum takes the square of it in steps. */
const MOST_ALIKE = 10_000;

/** At least `needed` of the parts work. */
function atLeastOf(needed: number, parts: readonly Reliability[]): Reliability {
  requireCount('needed', needed, 0, parts.length);
  const working = workingDistribution(parts);
  const reliability = sumOf(working.slice(needed).toReversed());
  const unreliability = sumOf(working.slice(0, needed));
  // Both sums are good to many digits; the large one is the complement, so that it cannot exceed 1.
  return unreliability < reliability
    ? { reliability: 1 - unreliability, unreliability }
    : { reliability, unreliability: 1 - reliability };
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** P(exactly i of the parts work), i = 0 … n. */
export function workingDistribution(parts: readonly Reliability[]): readonly number[] {
  const working = [1];
  for (const { reliability, unreliability } of parts) {
    working.push(0);
    for (let count = working.length - 1; count > 0; count -= 1) {
      working[count] = working[count] * unreliability + working[count - 1] * reliability;
    }
    working[0] *= unreliability;
  }
  return working;
}
