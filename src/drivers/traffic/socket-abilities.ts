import type { TrafficAbilities } from './contract.ts';

/** When a member begins to accept: from its start on, or at its activation. */
export type Accept = 'start' | 'onActivate';

/** Whatever runs and may accept does so, and cannot be told to stop; the kernel keeps the others waiting. */
export function socketAbilities(accept: Accept): TrafficAbilities {
  return {
    holds: true,
    drains: false,
    replays: false,
    fallsBack: false,
    obeysLeaseEnd: false,
    shieldsStandbys: accept === 'onActivate',
    carriesAddress: false,
    seesRequests: false,
  };
}
