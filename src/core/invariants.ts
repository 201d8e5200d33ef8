import { assert } from './assert.ts';
import type { CoreConfig, ServiceConfig } from './config.ts';
import type { Effect } from './effect.ts';
import { activeHere, type AgentState, type ServiceState } from './state.ts';
import { isHarmless } from './turn.ts';

// What must hold after every step, checked in production too. A broken one stops the agent: its lease
// lapses, which is safe, while a wrong order would not be.

export function checkInvariants(
  config: CoreConfig,
  state: AgentState,
  effects: readonly Effect[],
): void {
  for (const service of config.services) {
    const known = state.services.find((candidate) => candidate.name === service.name);
    assert(known !== undefined, 'every configured service has a state');
    checkState(service, known);
    for (const effect of effects)
      if (effect.service === service.name) checkEffect(service, known, effect);
  }
}

function checkState(config: ServiceConfig, service: ServiceState): void {
  const actives = service.members.filter((member) => member.role === 'active');
  assert(actives.length <= 1, 'at most one member has the role of the active');
  assert(
    actives.length === 0 || actives[0]?.name === activeHere(service),
    'the active member has the role',
  );
  assert(
    service.failovers.length <= config.failback.limit + 1,
    'the remembered failovers are bounded',
  );
}

function checkEffect(config: ServiceConfig, service: ServiceState, effect: Effect): void {
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

/** The former active is gone, or its fence, stop or demotion comes first. */
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
