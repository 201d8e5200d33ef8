import { unreachable } from '../core/assert.ts';
import type { Text } from '../core/describe/language.ts';
import type { CoreConfig } from '../core/config.ts';
import type { Event } from '../core/event.ts';
import type { AgentState } from '../core/state.ts';
import type { Recording } from './recording.ts';
import { incidentIn, stepsOf, transcriptOf } from './timeline.ts';
import { type Divergence, walk, type Walk } from './verify.ts';

// A recorded incident as a scenario file, in the form of test/scenarios: comments, commands, `---`, and the
// transcript that they must produce. Its commands are `recording JSON`, which says where it starts, and one
// `event JSON` for each event. What could tell of the machine (names of hosts, texts of errors) is left out, and
// a core configuration has no command lines, no environment and no addresses to begin with.

/** State and events from this long before the incident go with it: more than any probe's timeout. */
const LEAD_MS = 2000;
const SEPARATOR = '---';
const VERBS = ['recording', 'event'] as const;

type Header = {
  readonly service: string;
  readonly incident: number;
  readonly config: CoreConfig;
  readonly state: AgentState;
};

type ScenarioFault = { readonly line: number; readonly reason: Text };

type ParsedScenario =
  | { readonly ok: true; readonly recording: Recording; readonly transcript: readonly string[] }
  | { readonly ok: false; readonly fault: ScenarioFault };

/** null: the recording does not replay as far as its incident, so there is nothing to write. */
export function exportScenario(walked: Walk, comment: string): string | null {
  const { service, incident: id } = walked.recording;
  const incident = incidentIn(walked.steps, service, id);
  const story = stepsOf(walked.steps, service, id);
  const [last] = story.slice(-1);
  if (incident === null || last === undefined) return null;
  const from = Math.min(incident.startedAt, incident.wellUntil ?? incident.startedAt) - LEAD_MS;
  const kept = walked.steps.filter(({ event, index }) => event.at >= from && index <= last.index);
  const [first] = kept;
  if (first === undefined) return null;
  const { recording } = walked;
  const hide = anonymiser();
  const header: Header = { service, incident: id, config: recording.config, state: first.before };
  const lines = [
    `# ${comment}`,
    `recording ${JSON.stringify(header, hide)}`,
    ...kept.map(({ event }) => `event ${JSON.stringify(event, hide)}`),
  ];
  const script = `${lines.join('\n')}\n`;
  const parsed = parseScenario(`${script}${SEPARATOR}\n`);
  if (!parsed.ok) return null;
  return `${script}${SEPARATOR}\n${transcript(walk(parsed.recording)).join('\n')}\n`;
}

/** Whether a text holds a recording, and not one of the scripts that only the tests of the core can play. */
export function isRecordedScenario(text: string): boolean {
  return /^recording /m.test(text.split(`\n${SEPARATOR}\n`, 1)[0] ?? '');
}

export function parseScenario(text: string): ParsedScenario {
  const lines = text.split(/\r?\n/);
  const end = lines.indexOf(SEPARATOR);
  if (end === -1)
    return refuse(lines.length, {
      en: `the line ${SEPARATOR} before the transcript is missing`,
      zh: `记录之前缺少 ${SEPARATOR} 一行`,
    });
  let header: Header | null = null;
  const events: Event[] = [];
  for (const [index, line] of lines.slice(0, end).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const command = parseCommand(line);
    if ('en' in command) return refuse(index + 1, command);
    const fault = take(command);
    if (fault !== null) return refuse(index + 1, fault);
  }
  if (header === null)
    return refuse(1, {
      en: 'no line begins with "recording"',
      zh: '没有以 recording 开头的行',
    });
  const { service, incident, config, state }: Header = header;
  const recording = { service, incident, config, state, events, checkpoints: [], stored: null };
  return { ok: true, recording, transcript: lines.slice(end + 1).filter((line) => line !== '') };

  function take({ verb, value }: Command): Text | null {
    switch (verb) {
      case 'recording':
        if (header !== null)
          return { en: 'more than one recording in the file', zh: '文件中有多份记录' };
        header = isHeader(value) ? value : null;
        return header === null
          ? {
              en: 'service, incident, config or state is missing',
              zh: '缺少 service、incident、config 或 state',
            }
          : null;
      case 'event':
        if (!isEvent(value))
          return { en: 'an event needs a type and a time', zh: '事件须有 type 和 at' };
        if (value.at < (events.at(-1)?.at ?? Number.NEGATIVE_INFINITY))
          return { en: 'time runs backwards', zh: '时间倒退' };
        events.push(value);
        return null;
      default:
        return unreachable(verb);
    }
  }
}

type Command = { readonly verb: (typeof VERBS)[number]; readonly value: unknown };

function parseCommand(line: string): Command | Text {
  const space = line.indexOf(' ');
  const verb = VERBS.find((one) => one === line.slice(0, space));
  if (verb === undefined)
    return { en: `expected ${VERBS.join(' or ')}`, zh: `该行应以 ${VERBS.join(' 或 ')} 开头` };
  try {
    return { verb, value: JSON.parse(line.slice(space + 1)) };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { en: detail, zh: `不是有效的 JSON：${detail}` };
  }
}

/** Shallow: what else is wrong with a file that was changed by hand, the core says when it meets it. */
function isHeader(value: unknown): value is Header {
  if (typeof value !== 'object' || value === null) return false;
  if (!('service' in value && 'incident' in value && 'config' in value && 'state' in value))
    return false;
  const { service, config, state } = value;
  return isNamed(config, service) && isNamed(state, service);
}

function isNamed(holder: unknown, name: unknown): boolean {
  if (typeof holder !== 'object' || holder === null || !('services' in holder)) return false;
  const { services } = holder;
  return (
    Array.isArray(services) &&
    services.some(
      (one: unknown) =>
        typeof one === 'object' && one !== null && 'name' in one && one.name === name,
    )
  );
}

function isEvent(value: unknown): value is Event {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    typeof value.type === 'string' &&
    'at' in value &&
    typeof value.at === 'number'
  );
}

function refuse(line: number, reason: Text): ParsedScenario {
  return { ok: false, fault: { line, reason } };
}

/** The lines of a recording's transcript; times count from the incident's beginning. */
export function transcript({ recording, steps }: Walk): readonly string[] {
  const { service, incident: id } = recording;
  const incident = incidentIn(steps, service, id);
  const from = incident?.startedAt ?? recording.state.at;
  return transcriptOf(steps, service, from);
}

/** The first line in which a replay differs from the transcript of its file; null: none. */
export function compareTranscript(walked: Walk, recorded: readonly string[]): Divergence | null {
  const replayed = transcript(walked);
  const count = Math.max(recorded.length, replayed.length);
  for (let index = 0; index < count; index += 1) {
    const [one = '-', other = '-'] = [recorded[index], replayed[index]];
    if (one !== other)
      return { code: 'otherTranscript', line: index + 1, path: '', recorded: one, replayed: other };
  }
  return null;
}

/** Hosts become h1, h2, … in the order in which they are met; texts of errors, which may name paths, become empty. */
function anonymiser(): (key: string, value: unknown) => unknown {
  const hosts = new Map<string, string>();
  return (key, value) => {
    if (key === 'detail' && typeof value === 'string') return '';
    if (key !== 'host' || typeof value !== 'string') return value;
    const known = hosts.get(value) ?? `h${hosts.size + 1}`;
    hosts.set(value, known);
    return known;
  };
}
