import type { MemberDriver } from '../member/contract.ts';
import type { Fence } from './contract.ts';

/** Fencing of a member on this host: what does not exist does not write. */
export function createKillFence(member: MemberDriver): Fence {
  return { fence: (options) => member.kill(options) };
}
