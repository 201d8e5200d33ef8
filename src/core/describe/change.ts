import { unreachable } from '../assert.ts';
import type { Change } from '../change.ts';
import { describeEvidence } from './evidence.ts';
import { describeOutcome, describeOperationStep } from './fact.ts';
import { describeLifecycle } from './eligibility.ts';
import { describeHealth, describePhase, describeVerdict } from './health.ts';
import { type Locale, speaker } from './language.ts';
import { describeOperation, describeRefusal } from './refusal.ts';

/** Reasons that are clearer than the newest evidence behind them. */
const PROOFS: ReadonlySet<string> = new Set(['exited', 'vanished', 'confirmedDead']);

/** One change of a service's state. */
export function describeChange(change: Change, locale: Locale): string {
  if ('member' in change) return describeMemberChange(change, locale);
  const say = speaker(locale);
  switch (change.code) {
    case 'phase': {
      const [from, to] = [describePhase(change.from, locale), describePhase(change.to, locale)];
      return say(`phase: ${from} → ${to}`, `阶段：${from} → ${to}`);
    }
    case 'active': {
      const [from, to] = [change.from ?? '-', change.to ?? '-'];
      return say(`active: ${from} → ${to}`, `主用：${from} → ${to}`);
    }
    case 'epoch':
      return say(`epoch: ${change.epoch}`, `纪元：${change.epoch}`);
    case 'paused':
      return change.paused
        ? say('paused', '自动切换已暂停')
        : say('no longer paused', '自动切换已恢复');
    case 'trafficUp':
      return describeTrafficUp(change.up, locale);
    case 'operation':
      return describeOperationChange(change, locale);
    case 'refused':
    case 'commandRefused':
      return `${say('blocked: ', '未执行：')}${describeRefusal(change.refusal, locale)}`;
    case 'incident': {
      const kind = describeOperation(change.kind, locale);
      const name = say(`${kind} ${change.id}`, `${kind} #${change.id}`);
      return `${name}${say(': ', '：')}${describeOutcome(change.outcome, locale)}`;
    }
    default:
      return unreachable(change);
  }
}

function describeTrafficUp(up: boolean, locale: Locale): string {
  const say = speaker(locale);
  return up ? say('proxy up', '数据面可用') : say('proxy down', '数据面不可用');
}

function describeOperationChange(
  { kind: operation, to }: Extract<Change, { code: 'operation' }>,
  locale: Locale,
): string {
  const say = speaker(locale);
  const kind = describeOperation(operation, locale);
  if (to === null) return say(`${kind}: ended`, `${kind}：已结束`);
  return `${kind}${say(': ', '：')}${describeOperationStep(to, locale)}`;
}

function describeMemberChange(change: Extract<Change, { member: string }>, locale: Locale): string {
  const say = speaker(locale);
  const { member } = change;
  switch (change.code) {
    case 'lifecycle': {
      const from = describeLifecycle(change.from, locale);
      return `${member}${say(': ', '：')}${from} → ${describeLifecycle(change.to, locale)}`;
    }
    case 'health': {
      const verdict = describeVerdict(change.to, locale);
      const why =
        change.evidence === null || PROOFS.has(change.reason)
          ? describeHealth(change.reason, locale)
          : describeEvidence(change.evidence, locale);
      return say(`${member} ${verdict}: ${why}`, `${member} ${verdict}：${why}`);
    }
    case 'capacity':
      return change.capacity === 'full'
        ? say(`${member} has full CPU`, `${member} 的 CPU 不受限制`)
        : say(`${member} has limited CPU`, `${member} 的 CPU 受限`);
    case 'ready':
      return change.ready
        ? say(`${member} is ready`, `${member} 已就绪`)
        : say(`${member} is no longer ready`, `${member} 未就绪`);
    case 'role':
      return change.role === 'active'
        ? say(`${member} is the active member`, `${member} 成为主用成员`)
        : say(`${member} is a standby`, `${member} 成为备用成员`);
    default:
      return unreachable(change);
  }
}
