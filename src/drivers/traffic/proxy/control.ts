import { unreachable } from '../../../core/assert.ts';
import { callControl, type ControlClient } from '../../control/client.ts';
import { ControlServer } from '../../control/server.ts';
import { DriverError } from '../../driver-error.ts';
import type { ProxyWorker } from './proxy-worker.ts';
import {
  PROTOCOL_VERSION,
  type Answer,
  type Greeting,
  type Order,
  type ProxyEvent,
  type ProxyOptions,
} from './wire.ts';

// Both sides of the control socket of one process of the proxy. Without an agent, traffic flows on by the last route.

export type ProxyControl = ControlClient<Greeting, Order, Answer, ProxyEvent>;

/** null: no process listens there, or none greets in time. */
export async function callProxy(path: string): Promise<ProxyControl | null> {
  return await callControl(path, 'proxy');
}

export function serveControl(
  options: ProxyOptions,
  worker: ProxyWorker,
  onStop: (graceMs: number) => void,
): ControlServer<Greeting, Order, Answer, ProxyEvent> {
  return new ControlServer({
    path: options.controlPath,
    hello: () => ({ protocol: PROTOCOL_VERSION, options, route: worker.route }),
    obey: async (order) => await obey(worker, order, onStop),
  });
}

async function obey(
  worker: ProxyWorker,
  order: Order,
  onStop: (graceMs: number) => void,
): Promise<Answer> {
  switch (order.type) {
    case 'route':
      return take(worker, order.route);
    case 'drain': {
      const cut = await worker.drain(order.member, order.timeoutMs);
      if (cut === 'unknownMember') throw new DriverError('notFound', `no member ${order.member}`);
      return { type: 'drained', cut };
    }
    case 'stats':
      return { type: 'stats', stats: worker.stats() };
    case 'stop':
      // After the reply.
      setImmediate(() => onStop(order.graceMs));
      return { type: 'done' };
    default:
      return unreachable(order);
  }
}

function take(worker: ProxyWorker, route: Parameters<ProxyWorker['take']>[0]): Answer {
  const outcome = worker.take(route);
  switch (outcome) {
    case 'taken':
      return { type: 'done' };
    case 'conflict':
      throw new DriverError('conflict', `epoch ${route.epoch} is older than the route's`);
    case 'unknownMember':
      throw new DriverError('notFound', 'the route names a member without a target');
    default:
      return unreachable(outcome);
  }
}
