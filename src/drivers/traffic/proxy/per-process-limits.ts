import type { TrafficOptions } from '../contract.ts';
import type { ProxyOptions } from './wire.ts';

/** The options of one process: what identifies it, and its share of the limits. */
export function limitsPerProcess(
  given: TrafficOptions,
): Omit<ProxyOptions, 'process' | 'controlPath'> {
  const { service, listen, protocol, targets, tls, acceptHeader, transport, processes } = given;
  const share = (whole: number): number => Math.ceil(whole / processes);
  const { limits, clients } = given;
  return {
    service,
    listen,
    protocol,
    targets,
    tls,
    acceptHeader,
    transport,
    limits: {
      ...limits,
      holdRequests: share(limits.holdRequests),
      holdBytes: share(limits.holdBytes),
    },
    clients: { ...clients, connections: share(clients.connections) },
  };
}
