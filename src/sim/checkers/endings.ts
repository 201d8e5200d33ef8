import { OUTCOME_GRACE_MS } from '../../core/step-context.ts';
import { isTimely, type MakeChecker } from './contract.ts';

// Everything ends: each effect has a result, or times out soon after its deadline; each client request gets a response or is
// cut; the queue of a data plane is bounded.

const SLACK_MS = 1500;

export const effectsEnd: MakeChecker = (_world, report) => ({
  rule: 'every effect ends',
  stepped: (agent, event) => {
    if (!isTimely(event)) return;
    for (const { name, pending } of agent.state.services)
      for (const effect of pending)
        if (effect.deadline + OUTCOME_GRACE_MS + SLACK_MS < event.at)
          report(`${agent.host.name}: ${name} #${effect.id} ${effect.type} is overdue`);
    for (const { effect } of agent.openEffects)
      if (effect.deadline + SLACK_MS < event.at)
        report(`${agent.host.name}: the runner never ended #${effect.id} ${effect.type}`);
  },
});

export const requestsEnd: MakeChecker = (world, report) => ({
  rule: 'every request ends',
  stepped: (agent, event) => {
    if (!isTimely(event)) return;
    const { holdMs, answerMs, holdRequests } = world.options.hold;
    for (const plane of world.planes) {
      if (plane.host !== agent.host) continue;
      const { oldestAt, oldestHeldAt } = plane;
      if (oldestHeldAt !== null && event.at - oldestHeldAt > holdMs + SLACK_MS)
        report(`${plane.service}: a request is held for ${Math.round(event.at - oldestHeldAt)} ms`);
      if (oldestAt !== null && event.at - oldestAt > holdMs + answerMs + SLACK_MS)
        report(`${plane.service}: a request is open for ${Math.round(event.at - oldestAt)} ms`);
      if (plane.heldMost > holdRequests)
        report(`${plane.service}: ${plane.heldMost} requests were held`);
    }
  },
  ended: () => {
    const open = world.history.operations.filter(({ outcome }) => outcome === 'open').length;
    if (open > 0) report(`${open} requests of clients never ended`);
  },
});
