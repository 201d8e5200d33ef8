/** As `engines` of package.json says (tested). */
export const NODE_MAJOR_MIN = 24;

/** The error for a Node that is too old; null: it is not. In English only: nothing else can be loaded yet. */
export function oldNodeText(version: string): string | null {
  if (Number.parseInt(version, 10) >= NODE_MAJOR_MIN) return null;
  return `hotwarm: Node ${version} is too old, hotwarm needs ${NODE_MAJOR_MIN} or newer
why:  hotwarm uses features of newer versions, such as the built-in SQLite
fix:  install Node ${NODE_MAJOR_MIN}, or run hotwarm with the path of a newer node
`;
}
