/** Name and text of each type that a source exports, without comments. */
export function typesOf(source: string): readonly (readonly [string, string])[] {
  const code = source.replaceAll(/\/\/.*|\/\*[^]*?\*\//g, '');
  return code
    .split(/^export type /m)
    .slice(1)
    .map((part) => [/^\w+/.exec(part)?.[0] ?? '', part] as const);
}
