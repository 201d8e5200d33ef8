import { z } from 'zod';
import type { ConfigPath } from './faults.ts';
import { configSchema } from './schema.ts';
import { variantsOf } from './variants.ts';

// "Did you mean": the known key nearest to an unknown one, or the section to which it belongs.

type Node = z.core.JSONSchema.BaseSchema;

/** All keys that can be in the object at the path, in any variant. */
export function keysAt(path: ConfigPath): string[] {
  return [...new Set(objectsAt(path).flatMap((node) => Object.keys(node.properties ?? {})))];
}

/** For an object with variants: the words, as `via: socket`, of the variants with this key. */
export function wordsWith(path: ConfigPath, key: string): string[] {
  return objectsAt(path)
    .filter((node) => hasKey(node, key))
    .flatMap((node) => Object.entries(node.properties ?? {}))
    .flatMap(([name, value]) =>
      typeof value === 'object' && typeof value.const === 'string' ? `${name}: ${value.const}` : [],
    );
}

function objectsAt(path: ConfigPath): readonly Node[] {
  let nodes = variantsOf(rootNode());
  for (const key of path) nodes = nodes.flatMap((node) => below(node, key)).flatMap(variantsOf);
  return nodes;
}

function below(node: Node, key: string | number): readonly Node[] {
  const named = hasKey(node, key) ? node.properties?.[key] : undefined;
  const found = named ?? node.additionalProperties;
  return typeof found === 'object' ? [found] : [];
}

function hasKey(node: Node, key: string | number): boolean {
  return Object.hasOwn(node.properties ?? {}, key);
}

/** The nearest of the words; null: none is near. */
export function nearest(word: string, words: readonly string[]): string | null {
  const ranked = words
    .map((known) => ({ known, edits: editDistance(word.toLowerCase(), known.toLowerCase()) }))
    .toSorted((a, b) => a.edits - b.edits);
  const best = ranked[0];
  return best !== undefined && best.edits <= Math.max(1, Math.floor(word.length / 3))
    ? best.known
    : null;
}

/** Sections with this key, without names of services and members. */
export function sectionsWith(key: string): string[] {
  const found: string[] = [];
  const visit = (node: Node, at: string): void => {
    if (hasKey(node, key) && at !== '') found.push(at);
    for (const [name, value] of Object.entries(node.properties ?? {})) {
      const inner = at === '' ? name : `${at}.${name}`;
      if (typeof value === 'object') for (const each of variantsOf(value)) visit(each, inner);
    }
    if (typeof node.additionalProperties === 'object') visit(node.additionalProperties, `${at}.*`);
  };
  visit(rootNode(), '');
  return [...new Set(found)];
}

/** Built on the first error and then kept: a valid file does not need it. */
let root: Node | null = null;

function rootNode(): Node {
  root ??= z.toJSONSchema(configSchema, { io: 'input' });
  return root;
}

/** Levenshtein distance with swaps of neighbors (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const isSame = a[row - 1] === b[column - 1];
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (isSame ? 0 : 1),
      );
      if (a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, (beforeLast[column - 2] ?? cost) + 1);
      }
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? a.length;
}
