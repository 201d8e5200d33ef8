import type { Route } from './effect.ts';
import { fallbacksOf } from './candidates.ts';
import { activeHere } from './state.ts';
import { issue, memberOf, type StepContext } from './step-context.ts';

// What the data plane should be doing. The desired route is computed from the state every time and sent
// when it differs from the one told last, so a lost or failed order heals by itself. While a takeover
// plan runs, the plan alone speaks to the data plane.

/** Pause after the data plane did not take a route. */
const RETRY_MS = 100;

/** The data plane forwards nothing: requests wait. The safest route, whatever the epoch. */
export const HOLD: Omit<Route, 'epoch'> = {
  active: null,
  fallbacks: [],
  suspects: [],
  dead: [],
  leaseUntil: null,
};

/** The route for an active member under an epoch that is, or by then will be, durable. */
export function routeTo(
  context: StepContext,
  active: string | null,
  epoch: number,
  leaseFrom: number,
): Route {
  const { config } = context;
  const leaseMs = config.lease.durationMs - config.lease.marginMs;
  return {
    epoch,
    active,
    fallbacks: active === null ? [] : fallbacksOf(context, active),
    suspects: suspectsOf(context, active),
    dead: [],
    leaseUntil: config.exclusive && active !== null ? leaseFrom + leaseMs : null,
  };
}

function suspectsOf(context: StepContext, active: string | null): readonly string[] {
  if (active === null || context.service.paused) return [];
  const { health } = memberOf(context, active).detector;
  return health === 'suspect' || health === 'failed' ? [active] : [];
}

/** Tells the data plane where requests go, if that changed. */
export function tendRoute(context: StepContext): void {
  const { service } = context;
  if (context.at < service.routeNotBefore || !service.trafficUp) return;
  if (service.operation?.step === 'taking') return;
  const route = desiredRoute(context);
  if (route === null || (service.route !== null && sameRoute(route, service.route))) return;
  sendRoute(context, route, []);
}

function desiredRoute(context: StepContext): Route | null {
  const { service } = context;
  const { operation } = service;
  // Before the first active there is nothing to tell; one that began while the store was away has no epoch of its own.
  const active = activeHere(service);
  if (service.epoch === 0 && active === null) return null;
  const nobody =
    active === null || (operation?.kind === 'failover' && operation.step === 'choosing');
  return routeTo(context, nobody ? null : active, service.epoch, leaseStart(context));
}

/** Whether the data plane may forward to anybody: what it was told last may not be what it does, until it has said so. */
export function mayForward(context: StepContext): boolean {
  const { route, epoch, trafficUp, pending } = context.service;
  // Nothing is told before the first epoch, and a data plane that comes back waits to be told.
  if (!trafficUp || epoch === 0) return false;
  return (
    route === null || route.active !== null || pending.some(({ type }) => type === 'switchTraffic')
  );
}

/**
 * The active is exiting: the data plane would otherwise find out only when the kernel closes its connections,
 * and send it more until then. Told at once, under the epoch that is, as the plan must first acquire the next one.
 */
export function tellDeath(context: StepContext, active: string): void {
  const { route, trafficUp } = context.service;
  if (!trafficUp || route === null || route.active !== active) return;
  sendRoute(context, { ...route, dead: [active] }, []);
}

/** When the lease now held began, by the start of its last renewal. */
function leaseStart(context: StepContext): number {
  const { heldUntil } = context.service.lease;
  return heldUntil === null
    ? context.at - context.config.lease.durationMs
    : heldUntil - context.config.lease.durationMs;
}

/** Sends a route and remembers it as told; a failure makes it be told again. */
export function sendRoute(
  context: StepContext,
  route: Route,
  after: readonly (number | null)[],
): number {
  const id = issue(
    context,
    { type: 'switchTraffic', route },
    { withinMs: context.config.timeouts.switchMs, after },
  );
  context.service = { ...context.service, route };
  return id;
}

/** The data plane did not take a route: what it does now is unknown, so it is told again soon. */
export function routeFailed(context: StepContext): void {
  context.service = { ...context.service, route: null, routeNotBefore: context.at + RETRY_MS };
}

function sameRoute(a: Route, b: Route): boolean {
  return (
    a.epoch === b.epoch &&
    a.active === b.active &&
    a.leaseUntil === b.leaseUntil &&
    sameNames(a.fallbacks, b.fallbacks) &&
    sameNames(a.suspects, b.suspects) &&
    sameNames(a.dead, b.dead)
  );
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index]);
}
