import { isWhole } from '../../src/drill/agent-process.ts';
import { startSample } from '../../src/drill/sample-service.ts';
import type { Contender, Running } from './contender.ts';

// hotwarm as bench/takeover.ts runs it: probes every 20 ms with a time-out of 100 ms, manual failback. Its own
// agent ends what hangs and starts what died.

const HEAL_WITHIN_MS = 30_000;

export function hotwarm(
  options: Pick<Contender, 'name' | 'title'> & { readonly exclusive: boolean },
): Contender {
  return {
    name: options.name,
    title: options.title,
    methods: ['GET', 'POST'],
    acts: ['kill', 'hang'],
    slow: false,
    config: null,
    start: () => start(options.exclusive),
  };
}

async function start(exclusive: boolean): Promise<Running> {
  const sample = await startSample({
    exclusive,
    intervalMs: 20,
    timeoutMs: 100,
    onNotice: () => undefined,
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
      await agent.until(service, 'a whole service', isWhole, HEAL_WITHIN_MS);
    },
    close: () => sample.close(),
  };
}
