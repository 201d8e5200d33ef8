import { DriverBench, PLANE_ABILITIES } from '../../sim/driver-bench.ts';
import { trafficConformance, type TrafficSubject } from './conformance.ts';

async function makeSubject(): Promise<TrafficSubject> {
  const bench = new DriverBench(['a', 'b']);
  return {
    driver: bench.traffic(),
    events: bench.events,
    start: async (name) => {
      if (!bench.member(name).alive) await bench.start(name);
    },
    kill: async (name) => bench.member(name).die('SIGKILL'),
    hang: async (name) => bench.member(name).hang(),
    request: async () => {
      const answer = await bench.request();
      return answer.type === 'ok' ? answer.member : null;
    },
    waitsFor: async (name) =>
      await bench.until(() => bench.member(name).openRequests > 0, `a request for ${name}`),
    settle: bench.settle,
    now: () => bench.now(),
    pass: (instant) => bench.pass(instant),
    until: (condition, what) => bench.until(condition, what),
  };
}

trafficConformance('the simulated data plane', PLANE_ABILITIES, makeSubject);
