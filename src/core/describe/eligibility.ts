import { unreachable } from '../assert.ts';
import type { CandidateVerdict, GateRefusal } from '../reasons.ts';
import { describeVerdict } from './health.ts';
import { duration, type Locale, size, speaker, type Text, word } from './language.ts';

const LIFECYCLES: Readonly<Record<string, Text>> = {
  absent: { en: 'not running', zh: '未运行' },
  starting: { en: 'starting', zh: '启动中' },
  running: { en: 'running', zh: '运行中' },
  freezing: { en: 'being frozen', zh: '冻结中' },
  frozen: { en: 'frozen', zh: '已冻结' },
  thawing: { en: 'being thawed', zh: '解冻中' },
  stopping: { en: 'stopping', zh: '停止中' },
};

export function describeLifecycle(lifecycle: string, locale: Locale): string {
  return word(LIFECYCLES, lifecycle, locale);
}

/** Why a candidate may not take over. */
export function describeGate(refusal: GateRefusal, locale: Locale): string {
  const say = speaker(locale);
  switch (refusal.code) {
    case 'notReady': {
      const health = describeVerdict(refusal.health, locale);
      const lifecycle = word(LIFECYCLES, refusal.lifecycle, locale);
      return say(`not ready (${lifecycle}, ${health})`, `未就绪（${lifecycle}，${health}）`);
    }
    case 'tooSlow':
      return say(
        `too slow: 95th percentile ${duration(refusal.p95Ms)}, at most ${duration(refusal.limitMs)}`,
        `过慢：95 分位延迟 ${duration(refusal.p95Ms)}，上限 ${duration(refusal.limitMs)}`,
      );
    case 'lagging':
      return say(
        `${size(refusal.lagBytes)} behind, at most ${size(refusal.limitBytes)}`,
        `数据落后 ${size(refusal.lagBytes)}，上限 ${size(refusal.limitBytes)}`,
      );
    case 'lagUnknown':
      return say('how far it is behind is not known', '数据落后多少未知');
    case 'diverged':
      return say(
        `its data is on timeline ${refusal.on}, the newest copy on ${refusal.newestOn}`,
        `其数据位于时间线 ${refusal.on}，最新副本位于 ${refusal.newestOn}`,
      );
    case 'lagStale':
      return say(
        `the newest copy last reported its position ${duration(refusal.ageMs)} before it last answered, at most ${duration(refusal.limitMs)}`,
        `最新副本最近一次报告位置比其最后一次应答早 ${duration(refusal.ageMs)}，上限 ${duration(refusal.limitMs)}`,
      );
    case 'notRehearsed':
      return describeRehearsal(refusal.ageMs, refusal.limitMs, locale);
    default:
      return unreachable(refusal);
  }
}

/** Every reason against one candidate, or that there was none. */
export function describeCandidate(candidate: CandidateVerdict, locale: Locale): string {
  const say = speaker(locale);
  if (candidate.refusals.length === 0) return say('may take over', '可以接管');
  return candidate.refusals.map((refusal) => describeGate(refusal, locale)).join(say('; ', '；'));
}

function describeRehearsal(ageMs: number | null, limitMs: number, locale: Locale): string {
  const limit = duration(limitMs);
  if (locale === 'zh') {
    const last = ageMs === null ? '从未演练' : `上次演练在 ${duration(ageMs)}前`;
    return `${last}，要求 ${limit}内演练过`;
  }
  const last = ageMs === null ? 'never rehearsed' : `last rehearsed ${duration(ageMs)} ago`;
  return `${last}, within ${limit} is required`;
}
