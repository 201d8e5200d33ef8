import { unreachable } from '../assert.ts';
import type { Change } from '../change.ts';
import { describeEvidence } from './evidence.ts';
import { describeOutcome, describeOperationStep } from './fact.ts';
import { describeLifecycle } from './eligibility.ts';
import { describeHealth, describePhase, describeVerdict } from './health.ts';
import { type Locale, speaker } from './language.ts';
import { describeOperation, describeRefusal } from './refusal.ts';

/** Reasons that say more than the newest fact behind them. */
const PROOFS: ReadonlySet<string> = new Set(['exited', 'vanished', 'confirmedDead']);

/** One change of a service's state in words. */
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
      return change.paused ? say('paused', '已暂停') : say('no longer paused', '不再暂停');
    case 'trafficUp':
      return describeTrafficUp(change.up, locale);
    case 'operation':
      return describeOperationChange(change, locale);
    case 'refused':
    case 'commandRefused':
      return `${say('not done: ', '未执行：')}${describeRefusal(change.refusal, locale)}`;
    case 'incident': {
      const name = `${describeOperation(change.kind, locale)} ${change.id}`;
      return `${name}${say(': ', '：')}${describeOutcome(change.outcome, locale)}`;
    }
    default:
      return unreachable(change);
  }
}

function describeTrafficUp(up: boolean, locale: Locale): string {
  const say = speaker(locale);
  return up
    ? say('the data plane is up', '数据面可用')
    : say('the data plane is down', '数据面不可用');
}

function describeOperationChange(
  { kind: operation, to }: Extract<Change, { code: 'operation' }>,
  locale: Locale,
): string {
  const say = speaker(locale);
  const kind = describeOperation(operation, locale);
  if (to === null) return say(`${kind}: no longer under way`, `${kind}：不再进行`);
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
      return say(`${member} is ${verdict}: ${why}`, `${member} ${verdict}：${why}`);
    }
    case 'capacity':
      return change.capacity === 'full'
        ? say(`${member} has full capacity`, `${member} 使用全部容量`)
        : say(`${member} has reduced capacity`, `${member} 容量受限`);
    case 'ready':
      return change.ready
        ? say(`${member} is ready`, `${member} 就绪`)
        : say(`${member} is no longer ready`, `${member} 不再就绪`);
    case 'role':
      return change.role === 'active'
        ? say(`${member} is the active`, `${member} 成为主用`)
        : say(`${member} is a standby`, `${member} 成为备用`);
    default:
      return unreachable(change);
  }
}
