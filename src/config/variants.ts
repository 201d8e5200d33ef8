import type { z } from 'zod';

type Node = z.core.JSONSchema.BaseSchema;

/** The objects of which a key may hold one: several where a word in them decides which keys they have. */
export function variantsOf(node: Node): readonly Node[] {
  const objects = node.oneOf?.filter((one): one is Node => typeof one === 'object');
  return objects ?? [node];
}
