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

/** Why a candidate is not eligible. */
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
        `too slow: p95 ${duration(refusal.p95Ms)}, limit ${duration(refusal.limitMs)}`,
        `过慢：95 分位延迟 ${duration(refusal.p95Ms)}，上限 ${duration(refusal.limitMs)}`,
      );
    case 'lagging':
      return say(
        `replication lag ${size(refusal.lagBytes)}, limit ${size(refusal.limitBytes)}`,
        `复制落后量 ${size(refusal.lagBytes)}，上限 ${size(refusal.limitBytes)}`,
      );
    case 'lagUnknown':
      return say('replication lag unknown', '复制落后量未知');
    case 'diverged':
      return say(
        `data on timeline ${refusal.on}, newest copy on ${refusal.newestOn}`,
        `其数据位于时间线 ${refusal.on}，最新副本位于 ${refusal.newestOn}`,
      );
    case 'lagStale':
      return say(
        `position of the newest copy was ${duration(refusal.ageMs)} old at its last response, limit ${duration(refusal.limitMs)}`,
        `最新副本最后一次响应时，其日志位点已是 ${duration(refusal.ageMs)} 前的，上限 ${duration(refusal.limitMs)}`,
      );
    case 'notRehearsed':
      return describeRehearsal(refusal.ageMs, refusal.limitMs, locale);
    default:
      return unreachable(refusal);
  }
}

/** Every reason why a candidate is not eligible, or that it is. */
export function describeCandidate(candidate: CandidateVerdict, locale: Locale): string {
  const say = speaker(locale);
  if (candidate.refusals.length === 0) return say('eligible', '满足接管条件');
  return candidate.refusals.map((refusal) => describeGate(refusal, locale)).join(say('; ', '；'));
}

function describeRehearsal(ageMs: number | null, limitMs: number, locale: Locale): string {
  const limit = duration(limitMs);
  if (locale === 'zh') {
    const last = ageMs === null ? '从未预演' : `上次预演在 ${duration(ageMs)} 前`;
    return `${last}，要求 ${limit} 内预演过`;
  }
  const last = ageMs === null ? 'never rehearsed' : `last rehearsal ${duration(ageMs)} ago`;
  return `${last} (limit ${limit})`;
}
