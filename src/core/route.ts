import type { Route } from './effect.ts';
import { fallbacksOf } from './candidates.ts';
import { activeHere } from './state.ts';
import { issue, memberOf, type StepContext } from './step-context.ts';

// The desired route of the data plane. It is computed from the state each time and sent if it differs from the last one:
// a lost or failed effect repairs itself. While a takeover plan runs, only the plan sends routes.

/** Delay after the data plane rejected a route. */
const RETRY_MS = 100;

/** Forward nothing, hold requests. The safest route in any epoch. */
export const HOLD: Omit<Route, 'epoch'> = {
  active: null,
  fallbacks: [],
  suspects: [],
  dead: [],
  leaseUntil: null,
};

/** The route to an active member, under an epoch that is durable by the time it is sent. */
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

/** Sends the route if it changed. */
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
  // Without an active member there is no route; one that began without the store has no epoch of its own.
  const active = activeHere(service);
  if (service.epoch === 0 && active === null) return null;
  const nobody =
    active === null || (operation?.kind === 'failover' && operation.step === 'choosing');
  return routeTo(context, nobody ? null : active, service.epoch, leaseStart(context));
}

/** Whether the data plane may be forwarding: until it has confirmed the last route, it may still use an older one. */
export function mayForward(context: StepContext): boolean {
  const { route, epoch, trafficUp, pending } = context.service;
  // No route is sent before the first epoch, and a restarted data plane waits for one.
  if (!trafficUp || epoch === 0) return false;
  return (
    route === null || route.active !== null || pending.some(({ type }) => type === 'switchTraffic')
  );
}

/**
 * The active member is exiting: without this, the data plane would notice only when the kernel closes the connections, and
 * send requests until then. Sent at once under the current epoch, because the plan must first acquire the next one.
 */
export function tellDeath(context: StepContext, active: string): void {
  const { route, trafficUp } = context.service;
  if (!trafficUp || route === null || route.active !== active) return;
  sendRoute(context, { ...route, dead: [active] }, []);
}

/** Start of the current lease period: when the last successful renewal was issued. */
function leaseStart(context: StepContext): number {
  const { heldUntil } = context.service.lease;
  return heldUntil === null
    ? context.at - context.config.lease.durationMs
    : heldUntil - context.config.lease.durationMs;
}

/** Sends a route and remembers it as sent; after a failure it is sent again. */
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

/** The data plane did not confirm a route: what it does now is unknown, so the route is sent again soon. */
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
