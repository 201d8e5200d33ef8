import type { MemberDriver } from '../member/contract.ts';
import type { Fence } from './contract.ts';

/** Fencing of a member on this host: what does not exist does not write. It lives until it is ended, so no lease extends it. */
export function createKillFence(member: MemberDriver): Fence {
  return {
    abilities: { proof: 'ended', extendable: false },
    extend: async () => {},
    fence: (options) => member.kill(options),
  };
}
