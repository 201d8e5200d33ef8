import type { TestContext } from 'node:test';
import { monotonicMs } from '../../../src/clock.ts';
import { proxyAbilities } from '../../../src/drivers/traffic/proxy/abilities.ts';
import { trafficConformance, type TrafficSubject } from './conformance.ts';
import { ask, freePort, LIMITS, startMember, startRig, until, type MemberProcess } from './rig.ts';

async function makeSubject(t: TestContext, processes: number): Promise<TrafficSubject> {
  const members = [
    { name: 'a', port: await freePort() },
    { name: 'b', port: await freePort() },
  ];
  const rig = await startRig(t, members, { processes });
  const running = new Map<string, MemberProcess>();
  return {
    driver: rig.driver,
    events: rig.events,
    start: async (name) => {
      const port = members.find((one) => one.name === name)?.port;
      if (!running.has(name)) running.set(name, await startMember(t, name, port));
    },
    kill: async (name) => {
      await running.get(name)?.end();
      running.delete(name);
    },
    hang: async (name) => running.get(name)?.kill('SIGSTOP'),
    request: async () => {
      try {
        const { status, member } = await ask(rig);
        return status === 200 ? member : null;
      } catch {
        return null;
      }
    },
    waitsFor: async (name) =>
      await until(
        async () => ((await rig.driver.stats()).inFlight[name] ?? 0) > 0,
        `a request that waits for ${name}`,
      ),
    settle: (promise) => promise,
    now: monotonicMs,
    pass: (instant) => until(() => monotonicMs() > instant, 'the time has passed'),
    until,
  };
}

const ABILITIES = proxyAbilities({ protocol: 'http', attempts: LIMITS.attempts });

for (const processes of [1, 2]) {
  const kind = processes === 1 ? 'a proxy' : `${processes} proxy processes`;
  trafficConformance(kind, ABILITIES, (t) => makeSubject(t, processes));
}
