import { DriverBench } from '../../sim/driver-bench.ts';
import { fenceConformance, type FenceSubject } from './conformance.ts';

function makeSubject(): FenceSubject {
  const bench = new DriverBench(['a']);
  const { settle } = bench;
  const runs = (pid: number): boolean => bench.member('a').alive && bench.member('a').pid === pid;
  return {
    fence: bench.fence('a'),
    helpless: bench.fence('a', 1),
    start: () => bench.start('a'),
    serves: async () => bench.member('a').serves,
    hold: async () => {
      const { pid } = bench.member('a');
      return { stands: () => runs(pid), end: () => bench.until(() => !runs(pid), 'its end') };
    },
    now: () => bench.now(),
    pass: (instant) => bench.pass(instant),
    settle,
    dispose: async () => {},
  };
}

fenceConformance('the simulated one', makeSubject, { extendable: false });
