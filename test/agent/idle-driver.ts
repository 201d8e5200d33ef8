import type { MemberDriver } from '../../src/drivers/member/contract.ts';

/** A member that runs and does nothing. */
export const IDLE_DRIVER: MemberDriver = {
  clear: async () => {},
  start: async () => ({ pid: 1, startTicks: 1 }),
  adopt: () => null,
  stop: async () => {},
  kill: async () => {},
  freeze: async () => {},
  thaw: async () => {},
  setCapacity: async () => {},
  clients: () => 0,
  lookForCollapse: () => {},
  close: async () => {},
};
