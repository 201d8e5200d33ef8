import {
  type Block,
  type Component,
  type Known,
  combine,
  components,
  decompose,
  sharedComponents,
  workingDistribution,
} from './blocks.ts';
import { requireCount } from './check-argument.ts';
import type { Reliability } from './reliability.ts';

export type Importance = {
  readonly name: string;
  /** ∂R/∂R_i = P(the diagram works | i works) − P(it works | i has failed). */
  readonly birnbaum: number;
  /** Share of the diagram's failures in which i has failed and mattered: birnbaum × q_i / (1 − R). */
  readonly criticality: number;
};

/**
 * Birnbaum's and the criticality importance of every component, in the order of the diagram.
 * The derivative is passed down the diagram as products of probabilities, which keeps its relative precision where
 * the difference of two nearly equal reliabilities would not; only for a component that stands in several places it
 * is a difference, of the two unreliabilities.
 * Source: Birnbaum, On the importance of different components in a multicomponent system, 1969; IEC 61078:2016.
 */
export function blockImportance(block: Block): readonly Importance[] {
  const shared = sharedComponents(block);
  const whole = decompose(block, shared, new Map());
  const slopes = new Map<string, number>();
  addSlopes(block, shared, new Map(), 1, slopes);
  for (const { name } of shared) slopes.set(name, differenceFor(block, name, shared));
  const byName = new Map(components(block).map((component) => [component.name, component]));
  return [...byName.values()].map(({ name, survival }) => {
    const birnbaum = slopes.get(name) ?? 0;
    const criticality =
      whole.unreliability === 0 ? 0 : (birnbaum * survival.unreliability) / whole.unreliability;
    return { name, birnbaum, criticality };
  });
}

/** Total probability over the shared components; in each of their states the diagram is a tree. */
function addSlopes(
  block: Block,
  shared: readonly Component[],
  known: Known,
  weight: number,
  slopes: Map<string, number>,
): void {
  const [pivot, ...rest] = shared;
  if (pivot === undefined) {
    addTreeSlopes(block, known, weight, slopes);
    return;
  }
  const { reliability, unreliability } = pivot.survival;
  const works = { reliability: 1, unreliability: 0 };
  const fails = { reliability: 0, unreliability: 1 };
  addSlopes(block, rest, new Map([...known, [pivot.name, works]]), weight * reliability, slopes);
  addSlopes(block, rest, new Map([...known, [pivot.name, fails]]), weight * unreliability, slopes);
}

function addTreeSlopes(
  block: Block,
  known: Known,
  weight: number,
  slopes: Map<string, number>,
): void {
  if (weight === 0) return;
  if (block.kind === 'component') {
    slopes.set(block.name, (slopes.get(block.name) ?? 0) + weight);
    return;
  }
  const parts = block.blocks.map((part) => combine(part, known));
  block.blocks.forEach((part, place) => {
    const others = parts.filter((_part, other) => other !== place);
    addTreeSlopes(part, known, weight * pivotal(neededOf(block), others), slopes);
  });
}

function neededOf(block: Exclude<Block, Component>): number {
  if (block.kind === 'series') return block.blocks.length;
  return block.kind === 'parallel' ? 1 : block.needed;
}

/** P(exactly needed − 1 of the others work): then the part in question decides. */
function pivotal(needed: number, others: readonly Reliability[]): number {
  requireCount('needed', needed, 0, others.length + 1);
  return needed === 0 ? 0 : workingDistribution(others)[needed - 1];
}

function differenceFor(block: Block, name: string, shared: readonly Component[]): number {
  const rest = shared.filter((component) => component.name !== name);
  const given = (survival: Reliability): Reliability =>
    decompose(block, rest, new Map([[name, survival]]));
  const up = given({ reliability: 1, unreliability: 0 });
  const down = given({ reliability: 0, unreliability: 1 });
  return down.unreliability - up.unreliability;
}
