import type { TrafficAbilities } from '../contract.ts';

/** A proxy stands between the clients and the members; `attempts`: how often one request may be sent. */
export function proxyAbilities(limits: {
  readonly protocol: 'http' | 'tcp';
  readonly attempts: number;
}): TrafficAbilities {
  return {
    holds: true,
    drains: true,
    replays: limits.protocol === 'http' && limits.attempts > 1,
    fallsBack: true,
    obeysLeaseEnd: true,
    shieldsStandbys: true,
    carriesAddress: false,
    seesRequests: true,
  };
}
