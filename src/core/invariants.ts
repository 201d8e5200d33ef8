import { assert } from './assert.ts';
import type { CoreConfig, ServiceConfig } from './config.ts';
import type { Effect } from './effect.ts';
import { activeHere, type AgentState, type ServiceState } from './state.ts';
import { checkProgress, checkState } from './state-invariants.ts';
import { isHarmless } from './step-context.ts';

// Invariants after every step, checked in production too. A broken one stops the agent: its lease expires, which is safe; a
// wrong effect would not be.

export function checkInvariants(
  config: CoreConfig,
  before: AgentState,
  state: AgentState,
  effects: readonly Effect[],
): void {
  const { host } = config;
  config.services.forEach((service, index) => {
    const known = state.services[index];
    const old = before.services[index];
    assert(known?.name === service.name, 'every configured service has a state, in its place');
    if (known === old) return;
    checkState(service, known, { host, at: state.at });
    if (old !== undefined) checkProgress(old, known);
  });
  for (const effect of effects) {
    const index = config.services.findIndex(({ name }) => name === effect.service);
    const [service, known] = [config.services[index], state.services[index]];
    if (service !== undefined && known !== undefined) checkEffect(service, known, effect, host);
  }
}

function checkEffect(
  config: ServiceConfig,
  service: ServiceState,
  effect: Effect,
  host: string,
): void {
  const { member: name = null } = 'member' in effect ? effect : {};
  const isOurs = service.members.some((member) => member.name === name && member.host === host);
  assert(name === null || isOurs, 'orders go to members of this host only');
  assert(effect.withinMs > 0, 'an effect is given time');
  assert(effect.deadline >= effect.issuedAt + effect.withinMs, 'an effect is given all its time');
  if (effect.type === 'acquireLease')
    assert(effect.expectedEpoch <= service.epoch, 'an epoch follows the known one');
  assert(config.mode === 'manage' || isHarmless(effect.type), 'observe-only changes nothing');
  assert(
    effect.after.every((id) => id < effect.id),
    'an effect waits only for earlier ones',
  );
  if (effect.type === 'switchTraffic') checkRoute(config, service, effect);
  if (effect.type === 'promoteMember') checkPromotion(config, service, effect);
}

function checkRoute(
  config: ServiceConfig,
  service: ServiceState,
  effect: Effect & { type: 'switchTraffic' },
): void {
  const { route } = effect;
  const { active, fallbacks, suspects, dead } = route;
  assert(active === null || !fallbacks.includes(active), 'a fallback is not the active');
  assert(fallbacks.length < service.members.length, 'fallbacks are bounded');
  for (const name of [...suspects, ...dead])
    assert(name === active, 'only the active is suspected or dead to the data plane');
  if (config.exclusive) {
    assert(route.fallbacks.length === 0, 'an exclusive service has no fallbacks');
    assert(
      route.active === null || route.leaseUntil !== null,
      'an exclusive service is served only within its lease',
    );
  }
  assert(
    route.epoch <= service.epoch || waitsForEpoch(service, effect, route.epoch),
    'the epoch is durable before a route carries it',
  );
  if (config.exclusive && route.active !== null) checkFenced(service, effect, route.active);
}

function checkPromotion(
  config: ServiceConfig,
  service: ServiceState,
  effect: Effect & { type: 'promoteMember' },
): void {
  assert(
    effect.epoch <= service.epoch || waitsForEpoch(service, effect, effect.epoch),
    'the epoch is durable before the promotion',
  );
  if (config.exclusive) checkFenced(service, effect, effect.member);
}

function waitsForEpoch(service: ServiceState, effect: Effect, epoch: number): boolean {
  return service.pending.some(
    (other) =>
      effect.after.includes(other.id) &&
      other.type === 'acquireLease' &&
      other.expectedEpoch + 1 === epoch,
  );
}

/** The former active member is gone, or its fence, stop or demotion comes first. */
function checkFenced(service: ServiceState, effect: Effect, next: string): void {
  const former = service.members.find((member) => member.name === activeHere(service));
  if (
    former === undefined ||
    former.name === next ||
    former.fenced ||
    service.operation?.fromGone === true
  )
    return;
  const ends = new Set(['fenceMember', 'stopMember', 'demoteMember']);
  const first = service.pending.some(
    (other) =>
      effect.after.includes(other.id) &&
      ends.has(other.type) &&
      'member' in other &&
      other.member === former.name,
  );
  const { operation } = service;
  const demoted =
    operation?.step === 'taking' && operation.committed && operation.plan.demote !== null;
  assert(first || demoted, 'the former active is fenced before the next one serves');
}
