import { unreachable } from '../assert.ts';
import type { Effect, EffectOrder, Route } from '../effect.ts';
import { duration, type Locale, speaker, type Text, word } from './language.ts';

const EFFECTS: Readonly<Record<EffectOrder['type'], Text>> = {
  startMember: { en: 'start', zh: '启动' },
  stopMember: { en: 'stop', zh: '停止' },
  freezeMember: { en: 'freeze', zh: '冻结' },
  thawMember: { en: 'thaw', zh: '解冻' },
  setCapacity: { en: 'set capacity', zh: '调整容量' },
  primeMember: { en: 'prime', zh: '预热' },
  awaitReady: { en: 'wait until ready', zh: '等待就绪' },
  promoteMember: { en: 'promote', zh: '提升为主用' },
  demoteMember: { en: 'demote', zh: '降为备用' },
  rejoinMember: { en: 'rejoin', zh: '重新加入' },
  fenceMember: { en: 'fence', zh: '隔离' },
  watchMember: { en: 'watch', zh: '开始观测' },
  unwatchMember: { en: 'stop watching', zh: '停止观测' },
  probeMember: { en: 'probe', zh: '探测' },
  drainInput: { en: 'read what has arrived', zh: '读取已到达的信息' },
  cancelEffects: { en: 'call off orders', zh: '取消指令' },
  acquireLease: { en: 'acquire the lease', zh: '获取租约' },
  renewLease: { en: 'renew the lease', zh: '续租' },
  releaseLease: { en: 'release the lease', zh: '释放租约' },
  switchTraffic: { en: 'switch the traffic', zh: '切换流量' },
  drainTraffic: { en: 'drain', zh: '排空请求' },
  recordIncident: { en: 'record the incident', zh: '记录事件' },
};

/** What kind of order it is; for a name that is not known, that name. */
export function describeOrderType(type: string, locale: Locale): string {
  return word(EFFECTS, type, locale);
}

/** One order with what it is for: "send the traffic to b, a as the fallback". */
export function describeOrder(effect: Effect, locale: Locale): string {
  const type = describeOrderType(effect.type, locale);
  switch (effect.type) {
    case 'switchTraffic':
      return describeRoute(effect.route, locale);
    case 'cancelEffects': {
      const ids = effect.ids.map((id) => `#${id}`).join(' ');
      return speaker(locale)(`call off ${ids}`, `取消 ${ids}`);
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
        `let ${member} rejoin, with ${effect.active} as the active`,
        `让 ${member} 重新加入，主用为 ${effect.active}`,
      );
    case 'probeMember': {
      const limit = duration(effect.timeoutMs);
      return say(`ask ${member} itself, at most ${limit}`, `直接询问 ${member}，最多 ${limit}`);
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
    return full ? text : `${text}${say(' at reduced capacity', '（受限容量）')}`;
  }
  return full
    ? say(`give ${member} full capacity`, `让 ${member} 使用全部容量`)
    : say(`reduce the capacity of ${member}`, `限制 ${member} 的容量`);
}

function describeRoute(route: Route, locale: Locale): string {
  const say = speaker(locale);
  const { active, fallbacks, suspects, dead } = route;
  if (active === null) return say('hold the requests', '暂存请求');
  const to = say(`send the traffic to ${active}`, `把流量发往 ${active}`);
  const others = fallbacks.join(', ');
  const fallback =
    fallbacks.length === 0 ? '' : say(`, ${others} as the fallback`, `，后备为 ${others}`);
  const doubt =
    suspects.length === 0
      ? ''
      : say(
          `, hedge what waits on ${suspects.join(', ')}`,
          `，对冲等待在 ${suspects.join(', ')} 上的请求`,
        );
  const proved =
    dead.length === 0
      ? ''
      : say(`, nothing to ${dead.join(', ')}`, `，不再发往 ${dead.join(', ')}`);
  return `${to}${fallback}${doubt}${proved}`;
}
