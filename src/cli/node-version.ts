/** As `engines` of package.json says (tested). */
export const NODE_MAJOR_MIN = 24;

/** What to tell the user of a Node that is too old; null: it is not. */
export function oldNodeText(version: string): string | null {
  if (Number.parseInt(version, 10) >= NODE_MAJOR_MIN) return null;
  return `hotwarm: this Node is ${version}, hotwarm needs ${NODE_MAJOR_MIN} or newer
why:  it uses what older ones do not have, such as their own SQLite
do:   install Node ${NODE_MAJOR_MIN}, or run hotwarm with the path of one that is
`;
}
