import { endIncident, openIncident, settleIncident } from './incident.ts';
import { isReleased } from './lease.ts';
import { orderFence } from './members.ts';
import { loseSightOfNewest } from './newest-copy.ts';
import { abortOperation, cancelPlan } from './plan-rollback.ts';
import { mayForward } from './route.ts';
import { isPlanned, type Operation } from './state.ts';
import { baseOf, NEW_OPERATION } from './takeover.ts';
import { localMembers, memberOf, note, updateMember, type StepContext } from './step-context.ts';

// Which host leads the service. While this host holds the lease, its own takeovers decide. Once the lease shows another
// holder, that host leads: a takeover in progress here ends, and if the service is exclusive, every member that may still
// serve here is fenced before this host stands by. The expiry of the other host's lease is a failure like any other;
// failover.ts handles it.
// Not guaranteed here: that no two hosts serve at the same time. The lease in the data plane and the fence ensure that.

type Leader = { readonly host: string; readonly member: string };

/** Follows the lease: if another host holds it, this host stops leading. */
export function noteLeader(context: StepContext): void {
  const { lease, leadership, operation } = context.service;
  const { record } = lease;
  if (record === null || record.holder.host === context.host) return;
  const { host, member } = record.holder;
  // A released lease has no holder, but its last holder has ended the leadership of this host.
  if (isReleased(record) && leadership.who !== 'here') return;
  const isKnown =
    leadership.who === 'elsewhere' && leadership.host === host && leadership.member === member;
  if (isKnown && (operation === null || operation.step === 'yielding')) return;
  yieldTo(context, { host, member });
}

function yieldTo(context: StepContext, leader: Leader): void {
  const { leadership, operation: before } = context.service;
  if (before?.step === 'taking') cancelPlan(context, before);
  if (leadership.who === 'here') openLoss(context, leadership.member);
  const { operation } = context.service;
  const suspects = suspectsOf(context, operation);
  note(context, { code: 'superseded', ...leader });
  if (operation !== null && operation.incident !== null) settleIncident(context, 'superseded');
  for (const { name } of localMembers(context)) updateMember(context, name, { role: 'standby' });
  loseSightOfNewest(context);
  context.service = {
    ...context.service,
    leadership: { who: 'elsewhere', ...leader },
    observing: null,
    usedFallback: null,
    operation: operation === null ? null : { ...baseOf(operation), step: 'yielding', suspects },
  };
  if (context.config.mode === 'manage' && !context.service.paused)
    for (const name of suspects) orderFence(context, name);
}

/** The active member here was serving, or a planned move was in progress: losing the lease is an incident of its own. */
function openLoss(context: StepContext, active: string): void {
  const { operation } = context.service;
  if (operation !== null && !isPlanned(operation)) return;
  const suspects = suspectsOf(context, operation);
  if (operation !== null) abortOperation(context, operation);
  endIncident(context);
  const incident = openIncident(context, {
    kind: 'failover',
    cause: { code: 'leaseLost', member: active },
    from: active,
    wellUntil: null,
  });
  context.service = {
    ...context.service,
    operation: {
      ...NEW_OPERATION,
      step: 'choosing',
      kind: 'failover',
      incident,
      from: active,
      startedAt: context.at,
      mayServe: suspects.filter((name) => name !== active),
      notBefore: context.at,
      deadline: null,
    },
  };
}

/** Members of this host that may be serving or about to serve, and are not provably gone. */
function suspectsOf(context: StepContext, operation: Operation | null): readonly string[] {
  if (operation === null) return [];
  const { from, fromGone, mayServe } = operation;
  const names = new Set(mayServe);
  if (from !== null && !fromGone) names.add(from);
  if (operation.step === 'taking') names.add(operation.to);
  if (operation.step === 'yielding') for (const name of operation.suspects) names.add(name);
  return [...names].filter((name) => !memberOf(context, name).fenced);
}

/** Ends the operation when no member of this host can serve. If two active members are harmless, it need not wait for the fences. */
export function finishYielding(context: StepContext): void {
  const { operation } = context.service;
  if (operation?.step !== 'yielding') return;
  const mustWait = context.config.exclusive && context.config.mode === 'manage';
  const isFenced = operation.suspects.every((name) => memberOf(context, name).fenced);
  if (mustWait && (!isFenced || mayForward(context))) return;
  context.service = { ...context.service, operation: null };
  endIncident(context);
}
