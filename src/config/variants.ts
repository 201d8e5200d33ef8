import type { z } from 'zod';

type Node = z.core.JSONSchema.BaseSchema;

/** The variants of an object; several if a constant in them determines their keys. */
export function variantsOf(node: Node): readonly Node[] {
  const objects = node.oneOf?.filter((one): one is Node => typeof one === 'object');
  return objects ?? [node];
}
