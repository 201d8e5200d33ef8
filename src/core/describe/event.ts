import { unreachable } from '../assert.ts';
import type { Effect } from '../effect.ts';
import type { EffectResult, Event, MemberExited, TrafficSampled } from '../event.ts';
import type { EvidenceFact } from '../reasons.ts';
import { fromPosition } from '../position.ts';
import { describeEvidence } from './evidence.ts';
import { describeFact } from './fact.ts';
import { describeFaultDetail } from './fault.ts';
import { duration, type Locale, plural, speaker } from './language.ts';
import { describeOrder } from './order.ts';
import { describeOperation } from './refusal.ts';

const OUTCOMES = ['effectSucceeded', 'effectFailed', 'effectTimedOut'] as const;

export type OutcomeEvent = Extract<Event, { type: (typeof OUTCOMES)[number] }>;

export function isOutcome(event: Event): event is OutcomeEvent {
  return OUTCOMES.some((type) => type === event.type);
}

/** One event. `effect`: the effect whose result it is; null: none, or not known. */
export function describeEvent(event: Event, effect: Effect | null, locale: Locale): string {
  if (isOutcome(event)) return describeOutcomeEvent(event, effect, locale);
  return isCommand(event) ? describeCommand(event, locale) : describeNews(event, locale);
}

type News = Exclude<Event, OutcomeEvent | CommandEvent>;

function describeNews(event: News, locale: Locale): string {
  if ('member' in event) return describeObservation(event, locale);
  switch (event.type) {
    case 'agentStarted':
    case 'agentRecovered':
    case 'deadlineReached':
    case 'hostSampled':
    case 'leaseObserved':
      return describeOwn(event, locale);
    case 'trafficFellBack':
    case 'trafficLost':
    case 'trafficRestored':
      return describeDataPlane(event, locale);
    default:
      return unreachable(event);
  }
}

type DataPlaneEvent = Extract<
  Event,
  { type: 'trafficFellBack' | 'trafficLost' | 'trafficRestored' }
>;

function describeDataPlane(event: DataPlaneEvent, locale: Locale): string {
  switch (event.type) {
    case 'trafficFellBack':
      return describeFact({ code: 'usedFallback', from: event.from, to: event.to }, locale);
    case 'trafficLost':
      return speaker(locale)('proxy exited', '数据面已退出');
    case 'trafficRestored':
      return speaker(locale)('proxy restarted', '数据面已恢复');
    default:
      return unreachable(event);
  }
}

function describeOutcomeEvent(event: OutcomeEvent, effect: Effect | null, locale: Locale): string {
  const say = speaker(locale);
  const order = effect === null ? '' : ` ${describeOrder(effect, locale)}`;
  const took = effect === null ? '' : duration(event.at - effect.issuedAt);
  const lead = `#${event.id}${order}`;
  switch (event.type) {
    case 'effectSucceeded': {
      if (event.result.type === 'probed' && effect?.type === 'probeMember')
        return `#${event.id} ${describeAnswer(effect.member, event.result, locale)}`;
      if (effect?.type === 'drainInput')
        return say('input up to the deadline was read', '已读取截止时间前到达的输入');
      const time = took === '' ? '' : say(`, after ${took}`, `，用时 ${took}`);
      return say(`done ${lead}${time}`, `完成 ${lead}${time}`);
    }
    case 'effectFailed': {
      const why = describeFaultDetail(event.fault, event.detail, locale);
      return say(`failed ${lead}: ${why}`, `失败 ${lead}：${why}`);
    }
    case 'effectTimedOut':
      return say(`timed out ${lead}`, `超时 ${lead}`);
    default:
      return unreachable(event);
  }
}

function describeAnswer(
  member: string,
  { answer }: Extract<EffectResult, { type: 'probed' }>,
  locale: Locale,
): string {
  const say = speaker(locale);
  if (answer.ok) {
    const took = duration(answer.latencyMs);
    return say(`probe of ${member}: response after ${took}`, `直接探测 ${member}：${took} 后响应`);
  }
  const { fault, detail } = answer;
  const why = describeFaultDetail(fault, detail, locale);
  return say(`probe of ${member}: ${why}`, `直接探测 ${member}：${why}`);
}

type OwnEvent = Extract<
  Event,
  { type: 'agentStarted' | 'agentRecovered' | 'deadlineReached' | 'hostSampled' | 'leaseObserved' }
>;

function describeOwn(event: OwnEvent, locale: Locale): string {
  const say = speaker(locale);
  switch (event.type) {
    case 'agentStarted':
      return say('agent started', 'agent 启动');
    case 'agentRecovered':
      return say(
        'agent restarted and recovered from the journal',
        'agent 曾终止，由新的 agent 接手',
      );
    case 'deadlineReached':
      return say('deadline reached', '到达截止时间');
    case 'hostSampled': {
      const [late, delay] = [duration(event.lateMs), duration(event.runDelayMs)];
      return say(
        `this host: timer ${late} late, ${delay} waiting for CPU`,
        `本机：定时器迟 ${late}，等待 CPU ${delay}`,
      );
    }
    case 'leaseObserved':
      return event.record === null
        ? say('no lease in the store', '租约存储中没有租约')
        : say(
            `lease in the store: ${event.record.holder.member} on ${event.record.holder.host}, epoch ${event.record.epoch}`,
            `租约存储中的租约属于 ${event.record.holder.host} 上的 ${event.record.holder.member}，纪元 ${event.record.epoch}`,
          );
    default:
      return unreachable(event);
  }
}

type Observation = Extract<News, { member: string }>;

function describeObservation(event: Observation, locale: Locale): string {
  const say = speaker(locale);
  const { member, at } = event;
  switch (event.type) {
    case 'probeSucceeded': {
      const took = duration(event.latencyMs);
      return say(`${member} responded after ${took}`, `${member} 已响应，用时 ${took}`);
    }
    case 'probeFailed': {
      const { channel, fault, detail } = event;
      const evidence = { at, channel, fact: { code: 'probeFailed', fault, detail } } as const;
      return `${member}${say(': ', '：')}${describeEvidence(evidence, locale)}`;
    }
    case 'memberExiting': {
      const fact = { code: 'exiting', pid: event.pid } as const;
      return `${member}${say(': ', '：')}${describeEvidence({ at, channel: 'exit', fact }, locale)}`;
    }
    case 'memberExited': {
      const evidence = { at, channel: 'exit', fact: exitFact(event) } as const;
      return `${member}${say(': ', '：')}${describeEvidence(evidence, locale)}`;
    }
    case 'trafficFailed': {
      const { fault, count } = event;
      const evidence = {
        at,
        channel: 'passive',
        fact: { code: 'requestFailed', fault, count },
      } as const;
      return `${member}${say(': ', '：')}${describeEvidence(evidence, locale)}`;
    }
    case 'trafficSampled':
      return describeTraffic(event, locale);
    case 'positionReported': {
      const position = fromPosition(event.position);
      return say(
        `${member} reports position ${position} on timeline ${event.timeline}`,
        `${member} 报告日志位点 ${position}，时间线 ${event.timeline}`,
      );
    }
    default:
      return unreachable(event);
  }
}

function exitFact({ how, exitCode, signal, pid }: MemberExited): EvidenceFact {
  return how === 'exited' ? { code: how, exitCode, signal } : { code: how, pid };
}

function describeTraffic(event: TrafficSampled, locale: Locale): string {
  const { member, requests, errors, p95Ms, waiting } = event;
  const say = speaker(locale);
  const p95 =
    p95Ms === null ? '' : say(`, p95 ${duration(p95Ms)}`, `，95 分位延迟 ${duration(p95Ms)}`);
  const rest = waiting === 0 ? '' : say(`, ${waiting} waiting`, `，${waiting} 个等待中`);
  return say(
    `${member}: ${plural(requests, 'request')}, ${errors} failed${p95}${rest}`,
    `${member}：${requests} 个请求，${errors} 个失败${p95}${rest}`,
  );
}

const COMMANDS = [
  'switchoverRequested',
  'failoverRequested',
  'failbackRequested',
  'pauseRequested',
  'resumeRequested',
] as const;

type CommandEvent = Extract<Event, { type: (typeof COMMANDS)[number] }>;

function isCommand(event: Event): event is CommandEvent {
  return COMMANDS.some((type) => type === event.type);
}

function describeCommand(event: CommandEvent, locale: Locale): string {
  const say = speaker(locale);
  switch (event.type) {
    case 'switchoverRequested':
    case 'failoverRequested': {
      const operation = event.type === 'switchoverRequested' ? 'switchover' : 'failover';
      const name = describeOperation(operation, locale);
      const to = event.to === null ? '' : say(` to ${event.to}`, `，目标 ${event.to}`);
      return say(`requested by an operator: ${name}${to}`, `人工触发${name}${to}`);
    }
    case 'failbackRequested': {
      const name = describeOperation('failback', locale);
      return say(`requested by an operator: ${name}`, `人工触发${name}`);
    }
    case 'pauseRequested':
      return say('paused by an operator (maintenance mode)', '人工暂停了自动切换（服务照常运行）');
    case 'resumeRequested':
      return say('resumed by an operator', '人工恢复了自动切换');
    default:
      return unreachable(event);
  }
}

const ROUTINE: Readonly<Record<string, { one: string; several: string; zh: string }>> = {
  probeSucceeded: { one: 'probe response', several: 'probe responses', zh: '次探测响应' },
  trafficSampled: { one: 'traffic sample', several: 'traffic samples', zh: '次流量采样' },
  hostSampled: { one: 'host sample', several: 'host samples', zh: '次本机采样' },
  positionReported: { one: 'reported position', several: 'reported positions', zh: '次位置报告' },
  deadlineReached: { one: 'deadline', several: 'deadlines', zh: '个截止时间' },
  housekeeping: {
    one: 'internal action done',
    several: 'internal actions done',
    zh: '个内务指令完成',
  },
};

/** How often what comes all the time came, in words. */
export function describeRoutine(name: string, count: number, locale: Locale): string {
  const words = ROUTINE[name] ?? { one: name, several: name, zh: name };
  return speaker(locale)(
    `${count} ${count === 1 ? words.one : words.several}`,
    `${count} ${words.zh}`,
  );
}
