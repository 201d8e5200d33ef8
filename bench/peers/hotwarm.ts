import type { ServiceReport } from '../../src/api/status.ts';
import { isWhole } from '../../src/drill/agent-process.ts';
import { startSample } from '../../src/drill/sample-service.ts';
import type { Contender, Running } from './contender.ts';

// hotwarm as bench/takeover.ts runs it: probes every 20 ms with a time-out of 100 ms, manual failback. Its own
// agent ends what hangs and starts what died.

const HEAL_WITHIN_MS = 30_000;

type Way = { readonly exclusive: boolean; readonly via: 'proxy' | 'socket' };

/** Of a frozen standby nothing is known any more, but that it was ready. */
export function standsByFrozen(service: ServiceReport): boolean {
  const standby = Object.values(service.members).find(({ role }) => role === 'standby');
  return isWhole(service) && standby?.health === 'unknown';
}

export function hotwarm(options: Pick<Contender, 'name' | 'title'> & Way): Contender {
  return {
    name: options.name,
    title: options.title,
    methods: ['GET', 'POST'],
    acts: ['kill', 'hang'],
    slow: false,
    config: null,
    start: () => start(options),
  };
}

async function start({ exclusive, via }: Way): Promise<Running> {
  const sample = await startSample({
    exclusive,
    via,
    intervalMs: 20,
    timeoutMs: 100,
    onEvent: () => undefined,
  });
  const { agent, service } = sample;
  return {
    port: sample.port,
    activePid: async () => {
      const report = await agent.service(service);
      const active = report?.active ?? null;
      const pid = active === null ? null : (report?.members[active]?.pid ?? null);
      if (pid === null) throw new Error('hotwarm has no active process to strike');
      return pid;
    },
    heal: async () => {
      const isHealed = via === 'socket' ? standsByFrozen : isWhole;
      await agent.until(service, 'a whole service', isHealed, HEAL_WITHIN_MS);
    },
    close: () => sample.close(),
  };
}
