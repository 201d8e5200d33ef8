import { hostname } from 'node:os';
import {
  type Document,
  type YAMLMap,
  isCollection,
  isMap,
  isScalar,
  parseDocument,
  visit,
} from 'yaml';
import { formatFaults } from '../config/faults.ts';
import { parseConfig } from '../config/parse.ts';
import { formatDuration, formatShare } from '../config/units.ts';
import { AppError } from '../errors.ts';
import { DETECTIONS, standbysOf } from '../model/plan/design-space.ts';
import type { Plan } from '../model/plan/recommendation.ts';
import type { Said } from './plan-input.ts';
import { namesPort, withPort } from './start-command.ts';
import { upkeepOf } from '../core/temperature.ts';

// The hotwarm.yaml of a scheme. Of a service that is configured already, only what the scheme decides is changed, and
// comments and all other keys stay; a new one gets the smallest file that runs. What comes of it is checked as any
// file is before it is written, so that a scheme which this version cannot run is refused with the reason.

/** A service that no file knows. */
type NewService = {
  readonly name: string;
  readonly command: readonly string[];
  /** Where its clients connect today. */
  readonly port: number;
  /** A path, or `tcp`. */
  readonly probe: string;
};

export type KnownService = {
  readonly name: string;
  readonly file: string;
  readonly source: string;
};

/** `said`: what was said on the command line, to be kept in the file. */
export type Origin = { readonly said: readonly Said[] } & (
  | { readonly kind: 'new'; readonly service: NewService }
  | { readonly kind: 'known'; readonly service: KnownService }
);

/** The text of the file. Throws AppError refused where this version cannot run the scheme. */
export function configurationOf(plan: Plan, origin: Origin, summary: string): string {
  const { design } = plan.chosen.evaluation;
  if (design.replication !== 'none') throw cannotReplicate();
  const document =
    origin.kind === 'known'
      ? changed(parseDocument(origin.service.source), origin.service.name, plan)
      : created(origin.service, plan, summary);
  const at = ['services', origin.service.name];
  applySettings(document, at, plan);
  keepSaid(document, at, origin.said, plan);
  const text = document.toString({ lineWidth: 110, flowCollectionPadding: true });
  const outcome = parseConfig(text, hostname());
  if (outcome.ok) return text;
  const listed = formatFaults('hotwarm.yaml', text, outcome.faults);
  throw new AppError('refused', {
    message: {
      en: `this version cannot run the recommended design:\n${listed.en}`,
      zh: `本版本无法运行推荐的方案：\n${listed.zh}`,
    },
    reason: {
      en: 'a plan also compares designs that this version cannot run, for example with several hosts',
      zh: '规划也会比较本版本尚不支持的方案，例如多台主机',
    },
    hint: {
      en: 'plan with --hosts 1 and --state none or shared, or deploy the design by other means',
      zh: '用 --hosts 1 和 --state none 或 shared 规划，或用其他方式部署该方案',
    },
  });
}

function created(service: NewService, plan: Plan, summary: string): Document {
  const { design } = plan.chosen.evaluation;
  const { startMs } = plan.question.service;
  const document = parseDocument('services: {}\n');
  document.commentBefore = ` Written by hotwarm plan: ${summary}\n What is missing here has its default: docs/reference/config.md.`;
  const at = ['services', service.name];
  const ports = memberPorts(service.port, standbysOf(design).length + 1);
  const members = document.createNode({});
  ports.forEach((port, index) => {
    const command = document.createNode([...withPort(service.command, port)], { flow: true });
    const member = document.createNode({ command, port }, { flow: true });
    applyStandby(member, index, plan);
    members.add(document.createPair(nameOf(index), member));
  });
  document.setIn([...at, 'members'], members);
  const services = document.get('services');
  if (isMap(services)) services.flow = false;
  const inSection = (path: readonly string[], value: unknown): void => {
    document.setIn([...at, ...path], document.createNode(value, { flow: true }));
  };
  inSection(['traffic'], { listen: `127.0.0.1:${service.port}` });
  inSection(['probe'], service.probe === 'tcp' ? { tcp: true } : { http: service.probe });
  const readyMs = 3 * startMs;
  if (readyMs > READY_DEFAULT_MS) inSection(['timeouts'], { ready: formatDuration(readyMs) });
  members.commentBefore = namesPort(service.command)
    ? ' the first is preferred'
    : ' the first is preferred; each must listen on the port in its environment variable PORT';
  return document;
}

const READY_DEFAULT_MS = 30_000;

function changed(document: Document, name: string, plan: Plan): Document {
  const { design } = plan.chosen.evaluation;
  const at = ['services', name];
  const members = document.getIn([...at, 'members']);
  if (!isMap(members)) throw new RangeError('a configuration that was checked has members');
  const first = members.items[0]?.value;
  if (!isMap(first)) throw new RangeError('a configuration that was checked has a member');
  const wanted = standbysOf(design).length + 1;
  members.items.splice(wanted);
  const taken = members.items.map(({ key }) => String(key));
  while (members.items.length < wanted) {
    const member = copyOf(first, nextPort(members, portsIn(document)));
    const fresh = freeName(taken);
    taken.push(fresh);
    members.add(document.createPair(fresh, member));
  }
  members.items.forEach(({ value }, index) => {
    if (isMap(value)) applyStandby(value, index, plan);
  });
  return document;
}

/** Without its comments and anchors, which are those of the first. */
function copyOf(first: YAMLMap, port: number): YAMLMap {
  const member = first.clone();
  if (!isMap(member)) throw new RangeError('a copy of a map is a map');
  visit(member, {
    Node: (_key, node) => {
      node.comment = null;
      node.commentBefore = null;
      if (isScalar(node) || isCollection(node)) delete node.anchor;
    },
  });
  member.set('port', port);
  return member;
}

/** Where it runs, and its temperature as a standby. */
function applyStandby(member: YAMLMap, index: number, { question, chosen }: Plan): void {
  const { design } = chosen.evaluation;
  const temperature = index === 0 ? undefined : standbysOf(design)[index - 1];
  member.delete('temperature');
  member.delete('cpu');
  if (temperature !== undefined && temperature !== 'hot') member.set('temperature', temperature);
  if (temperature !== undefined && upkeepOf(temperature).capacity === 'reduced') {
    const { need, warmShare } = question.service;
    member.set('cpu', formatShare(Math.max(0.01, Number((need.cores * warmShare).toFixed(4)))));
  }
  const host = index % design.hosts;
  if (host > 0) member.set('host', `host-${host + 1}`);
}

function applySettings(
  document: Document,
  at: readonly string[],
  { question, chosen }: Plan,
): void {
  const { design } = chosen.evaluation;
  const set = (path: readonly string[], value: unknown): void => {
    const section = [...at, ...path.slice(0, -1)];
    if (!document.hasIn(section)) {
      document.setIn(section, document.createNode({}, { flow: true }));
    }
    document.setIn([...at, ...path], value);
  };
  const remove = (path: readonly string[]): void => {
    if (document.hasIn([...at, ...path])) document.deleteIn([...at, ...path]);
  };
  const isExclusive = question.service.state !== 'none';
  if ((document.getIn([...at, 'exclusive']) ?? false) !== isExclusive) {
    document.setIn([...at, 'exclusive'], isExclusive);
  }
  const { intervalMs, timeoutMs } = DETECTIONS[design.detection];
  set(['probe', 'interval'], formatDuration(intervalMs));
  set(['probe', 'timeout'], formatDuration(timeoutMs));
  remove(['probe', 'maxSilence']);
  set(['failback', 'mode'], design.failback);
  if (design.rehearsedMs === null) remove(['takeover', 'maxRehearsalAge']);
  else set(['takeover', 'maxRehearsalAge'], formatDuration(design.rehearsedMs));
  if (design.hosts > 1) {
    const { durationMs, renewIntervalMs, marginMs } = DETECTIONS[design.detection].lease;
    set(['lease', 'ttl'], formatDuration(durationMs));
    set(['lease', 'renewInterval'], formatDuration(renewIntervalMs));
    set(['lease', 'safetyMargin'], formatDuration(marginMs));
    set(['timeouts', 'store'], formatDuration(0.8 * renewIntervalMs));
  }
  if (question.service.p95Ms !== null) {
    set(['takeover', 'maxP95'], formatDuration(question.service.p95Ms));
    set(['degraded', 'action'], design.degraded);
  }
}

/** What was said on the command line, but an objective that the scheme misses: the file would be refused for it. */
function keepSaid(
  document: Document,
  at: readonly string[],
  said: readonly Said[],
  { chosen }: Plan,
): void {
  const missed = chosen.misses.map(({ objective }) => `objectives.${objective}`);
  for (const { path, value } of said) {
    const section = [...at, path[0] ?? ''];
    if (path[0] === 'takeover' || missed.includes(path.join('.'))) continue;
    if (!document.hasIn(section)) {
      document.setIn(section, document.createNode({}, { flow: true }));
    }
    document.setIn([...at, ...path], parseDocument(value).toJS());
  }
}

const NAMES = 'abcdefghijklmnopqrstuvwxyz';

function nameOf(index: number): string {
  return NAMES[index] ?? `m${index + 1}`;
}

function freeName(taken: readonly string[]): string {
  for (let index = 0; ; index += 1) {
    const name = nameOf(index);
    if (!taken.includes(name)) return name;
  }
}

const LAST_PORT = 65_535;

/** Above the one of the clients, or below it where there is no room. */
function memberPorts(port: number, count: number): readonly number[] {
  const above = port + count <= LAST_PORT;
  return Array.from({ length: count }, (_value, index) =>
    above ? port + 1 + index : port - count + index,
  );
}

/** Every port of the file, of whatever. */
function portsIn(document: Document): readonly number[] {
  return [...document.toString().matchAll(/\bport: *(\d+)|:(\d{1,5})\b/g)].map((match) =>
    Number(match[1] ?? match[2]),
  );
}

/** The first free one after the last member's, or from the end where there is none. */
function nextPort(members: YAMLMap, used: readonly number[]): number {
  const ports = members.items.map(({ value }) => (isMap(value) ? Number(value.get('port')) : 0));
  let port = Math.max(...ports) + 1;
  while (used.includes(port)) port += 1;
  if (port <= LAST_PORT) return port;
  for (port = LAST_PORT; used.includes(port); port -= 1);
  return port;
}

function cannotReplicate(): AppError {
  return new AppError('refused', {
    message: {
      en: 'the recommended design needs members that replicate their data',
      zh: '推荐的方案要求成员之间复制数据',
    },
    reason: {
      en: 'hotwarm cannot control replication between members of kind process',
      zh: '对于 kind: process 的成员，hotwarm 无法控制数据复制',
    },
    hint: {
      en: 'plan with --state shared if all members read the same disk, or with --stateless',
      zh: '成员读取同一磁盘时用 --state shared，否则用 --stateless',
    },
  });
}
