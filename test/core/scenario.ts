import type { ServiceConfig } from '../../src/core/config.ts';
import type { Effect } from '../../src/core/effect.ts';
import type { Event } from '../../src/core/event.ts';
import { toPosition } from '../../src/core/position.ts';
import type { Channel, EffectFault, ProbeFault } from '../../src/core/reasons.ts';
import { CALM, coreConfig, memberConfig, serviceConfig } from './configs.ts';
import { World } from './world.ts';
import type { Temperature } from '../../src/core/temperature.ts';

// A scenario file: commands, then `---`, then the transcript that they must produce. Lines with # are
// comments. `config` takes JSON that is merged into the default service of configs.ts; of a member it names the temperature
// and, after @, a host other than the agent's own.

type Words = readonly string[];

/** Runs the commands of a scenario and returns its transcript. */
export function play(script: string): { transcript: string; world: World } {
  const lines = script.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  const [first] = lines;
  const configured = first?.startsWith('config ') === true;
  const world = new World(coreConfig(configured ? parseConfig(first.slice('config '.length)) : {}));
  for (const line of configured ? lines.slice(1) : lines) command(world, line);
  return { transcript: `${world.lines.join('\n')}\n`, world };
}

export function parseConfig(json: string): Partial<ServiceConfig> {
  const base = serviceConfig();
  const change = JSON.parse(json) as Record<string, unknown>; // Written by hand beside the test that fails on nonsense.
  const merged = Object.fromEntries(
    Object.entries(change).map(([key, value]) => {
      const before: unknown = base[key as keyof ServiceConfig];
      const nested = typeof value === 'object' && value !== null && !Array.isArray(value);
      return [key, nested ? { ...(before as object), ...value } : value];
    }),
  );
  const members = change['members'] as Record<string, string> | undefined;
  if (members === undefined) return merged;
  return {
    ...merged,
    members: Object.entries(members).map(([name, place]) => {
      const [temperature, host] = place.split('@');
      return memberConfig(name, temperature as Temperature, host);
    }),
  };
}

function command(world: World, line: string): void {
  const [verb = '', ...words] = line.trim().split(/\s+/);
  world.lines.push(`> ${line.trim()}`);
  const [member = ''] = words;
  switch (verb) {
    case 'start':
      return world.start();
    case 'run':
      return world.run(Number(member));
    case 'exit':
      return world.exit(member);
    case 'collapse':
      return world.collapse(member);
    case 'alive':
      for (const name of words) world.process(name).alive = true;
      return;
    case 'hang':
    case 'wake':
      world.process(member).hung = verb === 'hang';
      return;
    case 'agentDies':
      return world.resume();
    case 'restart':
      return world.restart();
    case 'stealLease':
      return world.stealLease(member, Number(words[1]));
    case 'slow':
      world.process(member).latencyMs = Number(words[1]);
      return;
    default:
      return isOutcome(verb)
        ? rule(world, verb, words)
        : world.deliver(eventOf(world, verb, words));
  }
}

const OUTCOMES = ['fail', 'drop', 'delay', 'duplicate'] as const;

function isOutcome(verb: string): verb is (typeof OUTCOMES)[number] {
  return OUTCOMES.some((outcome) => outcome === verb);
}

/** fail TYPE MEMBER|- FAULT [TIMES] · drop TYPE MEMBER|- · delay TYPE MEMBER|- MS · duplicate TYPE MEMBER|- */
function rule(world: World, outcome: (typeof OUTCOMES)[number], words: Words): void {
  const [type = '', member = '-', argument = '', times = '1'] = words;
  world.rules.push({
    type: type as Effect['type'],
    member: member === '-' ? null : member,
    outcome,
    fault: argument as EffectFault,
    delayMs: Number(argument),
    times: Number(times),
  });
}

function eventOf(world: World, verb: string, words: Words): Event {
  const base = { at: world.now, service: world.service.name };
  switch (verb) {
    case 'switchover':
      return { type: 'switchoverRequested', ...base, to: words[0] ?? null };
    case 'failover':
      return { type: 'failoverRequested', ...base, to: words[0] ?? null };
    case 'failback':
      return { type: 'failbackRequested', ...base };
    case 'pause':
      return { type: 'pauseRequested', ...base };
    case 'resume':
      return { type: 'resumeRequested', ...base };
    default:
      return observationOf(world, verb, words);
  }
}

function observationOf(world: World, verb: string, words: Words): Event {
  const base = { at: world.now, service: world.service.name };
  const [member = ''] = words;
  switch (verb) {
    case 'requestsFail':
      return {
        type: 'trafficFailed',
        ...base,
        member,
        fault: words[1] as ProbeFault,
        count: Number(words[2] ?? 1),
      };
    case 'probeFails':
      return {
        type: 'probeFailed',
        ...base,
        member,
        incarnation: world.process(member).incarnation,
        channel: words[1] as Channel,
        sequence: 0,
        fault: words[2] as ProbeFault,
        detail: '',
      };
    case 'usedFallback':
      return { type: 'trafficFellBack', ...base, from: member, to: words[1] ?? '' };
    case 'proxyLost':
      return { type: 'trafficLost', ...base };
    case 'proxyRestored':
      return { type: 'trafficRestored', ...base };
    case 'served': {
      const [, requests, errors, p95Ms] = words.map(Number);
      const counts = { requests: requests ?? 0, errors: errors ?? 0, p95Ms: p95Ms ?? null };
      return {
        type: 'trafficSampled',
        ...base,
        member,
        windowMs: 100,
        ...counts,
        waiting: 0,
        oldestWaitMs: 0,
      };
    }
    case 'position':
      return positionReported(world, member, words);
    default:
      return hostSampleOf(world, verb, Number(member));
  }
}

/** position MEMBER TIMELINE/BYTES [AGE] */
function positionReported(world: World, member: string, [, place = '', age = '0']: Words): Event {
  const [timeline = '', bytes = ''] = place.split('/');
  return {
    type: 'positionReported',
    at: world.now,
    service: world.service.name,
    member,
    incarnation: world.process(member).incarnation,
    history: 'shop',
    timeline: Number(timeline),
    position: toPosition(BigInt(bytes)),
    ageMs: Number(age),
  };
}

function hostSampleOf(world: World, verb: string, ms: number): Event {
  switch (verb) {
    case 'agentPaused':
      world.now += ms;
      return { type: 'hostSampled', at: world.now, ...CALM, lateMs: ms };
    case 'suspended':
      return { type: 'hostSampled', at: world.now, ...CALM, suspendedMs: ms };
    case 'clockJumped':
      return { type: 'hostSampled', at: world.now, ...CALM, wallStepMs: ms };
    default:
      throw new Error(`no such command: ${verb}`);
  }
}
