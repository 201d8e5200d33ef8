import { endIncident, openIncident, settleIncident } from './incident.ts';
import { isReleased } from './lease.ts';
import { orderFence } from './members.ts';
import { loseSightOfNewest } from './newest-copy.ts';
import { abortOperation } from './plan-rollback.ts';
import { mayForward } from './route.ts';
import { isPlanned, type Operation } from './state.ts';
import { baseOf, NEW_OPERATION } from './takeover.ts';
import { cancel, localMembers, memberOf, note, updateMember, type Turn } from './step-context.ts';

// Who leads the service. While the lease is this host's own, that is what its takeovers make of it. Once the lease
// shows another holder, that host leads, whatever was under way here: it is ended, and where two actives would do
// harm everything that may still serve here is fenced before this host stands by. That the other host's lease runs
// out is a failure like any other, and failover.ts deals with it.
// What this does not guarantee: that no two hosts serve meanwhile. The data plane's lease and the fence see to that.

type Leader = { readonly host: string; readonly member: string };

/** Follows the lease: if another host holds it, this one gives way. */
export function noteLeader(turn: Turn): void {
  const { lease, leadership, operation } = turn.service;
  const { record } = lease;
  if (record === null || record.holder.host === turn.host) return;
  const { host, member } = record.holder;
  // Given back, it is nobody's; but whoever held it last has ended the lead of this host.
  if (isReleased(record) && leadership.who !== 'here') return;
  const isKnown =
    leadership.who === 'elsewhere' && leadership.host === host && leadership.member === member;
  if (isKnown && (operation === null || operation.step === 'yielding')) return;
  yieldTo(turn, { host, member });
}

function yieldTo(turn: Turn, leader: Leader): void {
  const { leadership, operation: before } = turn.service;
  if (before?.step === 'taking') cancel(turn, Object.values(before.plan));
  if (leadership.who === 'here') openLoss(turn, leadership.member);
  const { operation } = turn.service;
  const suspects = suspectsOf(turn, operation);
  note(turn, { code: 'superseded', ...leader });
  if (operation !== null && operation.incident !== null) settleIncident(turn, 'superseded');
  for (const { name } of localMembers(turn)) updateMember(turn, name, { role: 'standby' });
  loseSightOfNewest(turn);
  turn.service = {
    ...turn.service,
    leadership: { who: 'elsewhere', ...leader },
    observing: null,
    fellBack: null,
    operation: operation === null ? null : { ...baseOf(operation), step: 'yielding', suspects },
  };
  if (turn.config.mode === 'manage' && !turn.service.paused)
    for (const name of suspects) orderFence(turn, name);
}

/** The active here was well or was being replaced by plan: that another host took the lease from it is an incident of its own. */
function openLoss(turn: Turn, active: string): void {
  const { operation } = turn.service;
  if (operation !== null && !isPlanned(operation)) return;
  const suspects = suspectsOf(turn, operation);
  if (operation !== null) abortOperation(turn, operation);
  endIncident(turn);
  const incident = openIncident(turn, {
    kind: 'failover',
    cause: { code: 'leaseLost', member: active },
    from: active,
    wellUntil: null,
  });
  turn.service = {
    ...turn.service,
    operation: {
      ...NEW_OPERATION,
      step: 'choosing',
      kind: 'failover',
      incident,
      from: active,
      startedAt: turn.at,
      mayServe: suspects.filter((name) => name !== active),
      notBefore: turn.at,
      deadline: null,
    },
  };
}

/** The members of this host that may serve or be told to, and are not proved gone. */
function suspectsOf(turn: Turn, operation: Operation | null): readonly string[] {
  if (operation === null) return [];
  const { from, fromGone, mayServe } = operation;
  const names = new Set(mayServe);
  if (from !== null && !fromGone) names.add(from);
  if (operation.step === 'taking') names.add(operation.to);
  if (operation.step === 'yielding') for (const name of operation.suspects) names.add(name);
  return [...names].filter((name) => !memberOf(turn, name).fenced);
}

/** Ends the giving way once nothing here can serve any more. Where two actives do no harm, the fences need not have ended. */
export function finishYielding(turn: Turn): void {
  const { operation } = turn.service;
  if (operation?.step !== 'yielding') return;
  const mustWait = turn.config.exclusive && turn.config.mode === 'manage';
  const isFenced = operation.suspects.every((name) => memberOf(turn, name).fenced);
  if (mustWait && (!isFenced || mayForward(turn))) return;
  turn.service = { ...turn.service, operation: null };
  endIncident(turn);
}
