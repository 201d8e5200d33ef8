import { unreachable } from '../assert.ts';
import type { Effect, EffectOrder, Route } from '../effect.ts';
import { duration, type Locale, speaker, type Text, word } from './language.ts';

const EFFECTS: Readonly<Record<EffectOrder['type'], Text>> = {
  startMember: { en: 'start', zh: '启动' },
  stopMember: { en: 'stop', zh: '停止' },
  freezeMember: { en: 'freeze', zh: '冻结' },
  thawMember: { en: 'thaw', zh: '解冻' },
  setCapacity: { en: 'set CPU limit', zh: '调整 CPU 配额' },
  primeMember: { en: 'prime', zh: '预跑' },
  awaitReady: { en: 'wait until ready', zh: '等待就绪' },
  promoteMember: { en: 'promote', zh: '提升为主用' },
  demoteMember: { en: 'demote', zh: '降为备用' },
  rejoinMember: { en: 'rejoin', zh: '重新加入' },
  fenceMember: { en: 'fence', zh: '隔离' },
  watchMember: { en: 'start probing', zh: '开始探测' },
  unwatchMember: { en: 'stop probing', zh: '停止探测' },
  probeMember: { en: 'probe', zh: '探测' },
  drainInput: { en: 'read pending input', zh: '读取已到达的输入' },
  cancelEffects: { en: 'cancel actions', zh: '撤销指令' },
  acquireLease: { en: 'acquire the lease', zh: '获取租约' },
  renewLease: { en: 'renew the lease', zh: '续约' },
  releaseLease: { en: 'release the lease', zh: '释放租约' },
  switchTraffic: { en: 'switch traffic', zh: '切换流量' },
  drainTraffic: { en: 'drain', zh: '排空请求' },
  recordIncident: { en: 'record the incident', zh: '记录本次切换' },
};

/** The kind of an effect; an unknown name is shown as it is. */
export function describeOrderType(type: string, locale: Locale): string {
  return word(EFFECTS, type, locale);
}

/** One effect: "send traffic to b, fallback a". */
export function describeOrder(effect: Effect, locale: Locale): string {
  const type = describeOrderType(effect.type, locale);
  switch (effect.type) {
    case 'switchTraffic':
      return describeRoute(effect.route, locale);
    case 'cancelEffects': {
      const ids = effect.ids.map((id) => `#${id}`).join(' ');
      return speaker(locale)(`cancel ${ids}`, `撤销 ${ids}`);
    }
    case 'drainInput':
    case 'releaseLease':
    case 'recordIncident':
      return type;
    case 'startMember':
    case 'stopMember':
    case 'freezeMember':
    case 'thawMember':
    case 'setCapacity':
    case 'awaitReady':
    case 'primeMember':
    case 'promoteMember':
    case 'demoteMember':
    case 'rejoinMember':
    case 'fenceMember':
    case 'watchMember':
    case 'unwatchMember':
    case 'probeMember':
    case 'acquireLease':
    case 'renewLease':
    case 'drainTraffic':
      return describeMemberOrder(effect, type, locale);
    default:
      return unreachable(effect);
  }
}

function describeMemberOrder(
  effect: Extract<Effect, { member: string }>,
  type: string,
  locale: Locale,
): string {
  const say = speaker(locale);
  const { member } = effect;
  switch (effect.type) {
    case 'startMember':
    case 'setCapacity':
      return describeCapacity(effect, locale);
    case 'awaitReady':
      return say(`wait until ${member} is ready`, `等待 ${member} 就绪`);
    case 'acquireLease':
    case 'renewLease':
      return say(`${type} for ${member}`, `为 ${member} ${type}`);
    case 'rejoinMember':
      return say(
        `rejoin ${member} to the active member ${effect.active}`,
        `让 ${member} 重新加入，主用成员为 ${effect.active}`,
      );
    case 'probeMember': {
      const limit = duration(effect.timeoutMs);
      return say(`probe ${member} directly, at most ${limit}`, `直接探测 ${member}，至多 ${limit}`);
    }
    case 'stopMember':
    case 'freezeMember':
    case 'thawMember':
    case 'primeMember':
    case 'promoteMember':
    case 'demoteMember':
    case 'fenceMember':
    case 'watchMember':
    case 'unwatchMember':
    case 'drainTraffic':
      return `${type} ${member}`;
    default:
      return unreachable(effect);
  }
}

function describeCapacity(
  effect: Extract<Effect, { type: 'startMember' | 'setCapacity' }>,
  locale: Locale,
): string {
  const { type, member, capacity } = effect;
  const full = capacity === 'full';
  const say = speaker(locale);
  if (type === 'startMember') {
    const text = say(`start ${member}`, `启动 ${member}`);
    return full ? text : `${text}${say(' with limited CPU', '（CPU 受限）')}`;
  }
  return full
    ? say(`lift the CPU limit of ${member}`, `解除 ${member} 的 CPU 限制`)
    : say(`limit the CPU of ${member}`, `限制 ${member} 的 CPU 配额`);
}

function describeRoute(route: Route, locale: Locale): string {
  const say = speaker(locale);
  const { active, fallbacks, suspects, dead } = route;
  if (active === null) return say('hold requests', '暂存请求');
  const to = say(`send traffic to ${active}`, `把流量发往 ${active}`);
  const list = (names: readonly string[]): string => names.join(say(', ', '、'));
  const others = list(fallbacks);
  const fallback = fallbacks.length === 0 ? '' : say(`, fallback ${others}`, `，备选为 ${others}`);
  const doubt =
    suspects.length === 0
      ? ''
      : say(
          `, hedge requests waiting on ${list(suspects)}`,
          `，对冲等待 ${list(suspects)} 响应的请求`,
        );
  const proved =
    dead.length === 0 ? '' : say(`, nothing to ${list(dead)}`, `，不再发往 ${list(dead)}`);
  return `${to}${fallback}${doubt}${proved}`;
}
