import type { Route } from './effect.ts';
import { fallbacksOf } from './candidates.ts';
import { activeHere } from './state.ts';
import { issue, memberOf, type Turn } from './step-context.ts';

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
  turn: Turn,
  active: string | null,
  epoch: number,
  leaseFrom: number,
): Route {
  const { config } = turn;
  const leaseMs = config.lease.durationMs - config.lease.marginMs;
  return {
    epoch,
    active,
    fallbacks: active === null ? [] : fallbacksOf(turn, active),
    suspects: suspectsOf(turn, active),
    dead: [],
    leaseUntil: config.exclusive && active !== null ? leaseFrom + leaseMs : null,
  };
}

function suspectsOf(turn: Turn, active: string | null): readonly string[] {
  if (active === null || turn.service.paused) return [];
  const { health } = memberOf(turn, active).detector;
  return health === 'suspect' || health === 'failed' ? [active] : [];
}

/** Tells the data plane where requests go, if that changed. */
export function tendRoute(turn: Turn): void {
  const { service } = turn;
  if (turn.at < service.routeNotBefore || !service.trafficUp) return;
  if (service.operation?.step === 'taking') return;
  const route = desiredRoute(turn);
  if (route === null || (service.route !== null && sameRoute(route, service.route))) return;
  sendRoute(turn, route, []);
}

function desiredRoute(turn: Turn): Route | null {
  const { service } = turn;
  const { operation } = service;
  // Before the first active there is nothing to tell; one that began while the store was away has no epoch of its own.
  const active = activeHere(service);
  if (service.epoch === 0 && active === null) return null;
  const nobody =
    active === null || (operation?.kind === 'failover' && operation.step === 'choosing');
  return routeTo(turn, nobody ? null : active, service.epoch, leaseStart(turn));
}

/** Whether the data plane may forward to anybody: what it was told last may not be what it does, until it has said so. */
export function mayForward(turn: Turn): boolean {
  const { route, epoch, trafficUp, pending } = turn.service;
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
export function tellDeath(turn: Turn, active: string): void {
  const { route, trafficUp } = turn.service;
  if (!trafficUp || route === null || route.active !== active) return;
  sendRoute(turn, { ...route, dead: [active] }, []);
}

/** When the lease now held began, by the start of its last renewal. */
function leaseStart(turn: Turn): number {
  const { heldUntil } = turn.service.lease;
  return heldUntil === null
    ? turn.at - turn.config.lease.durationMs
    : heldUntil - turn.config.lease.durationMs;
}

/** Sends a route and remembers it as told; a failure makes it be told again. */
export function sendRoute(turn: Turn, route: Route, after: readonly (number | null)[]): number {
  const id = issue(
    turn,
    { type: 'switchTraffic', route },
    { withinMs: turn.config.timeouts.switchMs, after },
  );
  turn.service = { ...turn.service, route };
  return id;
}

/** The data plane did not take a route: what it does now is unknown, so it is told again soon. */
export function routeFailed(turn: Turn): void {
  turn.service = { ...turn.service, route: null, routeNotBefore: turn.at + RETRY_MS };
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
