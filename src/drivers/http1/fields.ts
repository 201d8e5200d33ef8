// Header fields of HTTP/1.1, read strictly. One sticky expression accepts exactly `token ":" OWS value OWS CRLF`
// (RFC 9110 §5, RFC 9112 §5), so bare CR, bare LF, NUL and other controls, obs-fold, and white space before the
// colon all fail to match, and a head that any two parsers could read differently is never passed on.
// Text is latin1: one character for each byte, so that what is written again is byte for byte what was read.

export type Field = {
  /** In lower case. */
  readonly name: string;
  readonly value: string;
  /** Place of the whole line, its CRLF included, in the head's text. */
  readonly start: number;
  readonly end: number;
};

/** The most fields in one head or trailer section. */
const MAX_FIELDS = 256;

const FIELD_LINE = /([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t ]*([\t\x20-\x7e\x80-\xff]*)\r\n/y;

const SPACE = 0x20;
const TAB = 0x09;

type FieldsFault = 'malformed' | 'tooMany';

/** All fields from `from` up to the empty line that ends the text. */
export function readFields(text: string, from: number): readonly Field[] | FieldsFault {
  const fields: Field[] = [];
  const end = text.length - 2;
  let at = from;
  while (at < end) {
    if (fields.length === MAX_FIELDS) return 'tooMany';
    FIELD_LINE.lastIndex = at;
    const match = FIELD_LINE.exec(text);
    if (match === null) return 'malformed';
    const [, name = '', value = ''] = match;
    const next = FIELD_LINE.lastIndex;
    fields.push({ name: name.toLowerCase(), value: trimEnd(value), start: at, end: next });
    at = next;
  }
  // Anything else would be a field that swallowed the empty line.
  return at === end && text.endsWith('\r\n') ? fields : 'malformed';
}

/** String.trim would also take the no-break space, which is a legal byte of a value. */
function trimEnd(value: string): string {
  let end = value.length;
  while (end > 0 && isBlank(value.charCodeAt(end - 1))) end -= 1;
  return end === value.length ? value : value.slice(0, end);
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

/** Members of a comma-separated list in lower case, without empty ones. */
function listOf(value: string): readonly string[] {
  const text = value.toLowerCase();
  // By far the most frequent case, on the path of every request.
  if (text !== '' && !/[,\t ]/.test(text)) return [text];
  return text
    .split(',')
    .map((item) => item.replace(/^[\t ]+|[\t ]+$/g, ''))
    .filter((item) => item !== '');
}

/** A decimal number of octets; null unless it is digits only and exact. */
export function readLength(value: string): number | null {
  if (!/^\d{1,15}$/.test(value)) return null;
  return Number(value);
}

/** Fields that Connection must not name: taking them away would change what the message means. */
const NOT_HOP_BY_HOP = new Set(['content-length', 'transfer-encoding', 'host', 'content-encoding']);

const NO_OPTIONS: ReadonlySet<string> = new Set();

/** What the Connection fields of a head say. null: they name a field that is needed end to end. */
export function readConnection(fields: readonly Field[]): ReadonlySet<string> | null {
  let options: Set<string> | null = null;
  for (const field of fields) {
    if (field.name !== 'connection') continue;
    options ??= new Set();
    for (const option of listOf(field.value)) {
      if (NOT_HOP_BY_HOP.has(option)) return null;
      options.add(option);
    }
  }
  return options ?? NO_OPTIONS;
}
