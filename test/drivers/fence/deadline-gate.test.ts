import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { monotonicMs } from '../../../src/clock.ts';
import { until } from '../traffic/rig.ts';
import { fenceConformance, type FenceSubject } from './conformance.ts';
import { DeadlineGate } from './deadline-gate.ts';

// No fence of this version has a deadline. This double shows what the suite demands of the first that will, and that
// the contract is enough for it.

async function makeSubject(): Promise<FenceSubject> {
  const member = createServer((socket) => {
    socket.on('error', () => {});
    socket.write('hello');
  });
  member.listen(0, '127.0.0.1');
  await once(member, 'listening');
  const address = member.address();
  if (typeof address !== 'object' || address === null) throw new TypeError('it does not listen');
  const gate = await DeadlineGate.open(address.port);
  const sockets: Socket[] = [];
  /** Resolves with the first bytes, or null where the connection ends without any. */
  const dial = async (): Promise<Socket | null> => {
    const socket = connect(gate.port, '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => {});
    const first = await new Promise<Buffer | null>((resolve) => {
      socket.once('data', resolve);
      socket.once('close', () => resolve(null));
    });
    return first === null ? null : socket;
  };
  return {
    fence: gate,
    helpless: gate,
    start: async () => {},
    serves: async () => (await dial()) !== null,
    hold: async () => {
      const socket = await dial();
      const stands = (): boolean => socket !== null && !socket.destroyed;
      return { stands, end: () => until(() => !stands(), 'the end of the connection') };
    },
    now: monotonicMs,
    pass: (instant) => until(() => monotonicMs() > instant, 'the time has passed'),
    settle: (promise) => promise,
    dispose: async () => {
      for (const socket of sockets) socket.destroy();
      await gate.close();
      member.close();
    },
  };
}

fenceConformance('a gate with a deadline', makeSubject, { extendable: true });
