import type { LeaseRecord } from '../../core/effect.ts';
import type { MakeChecker } from './contract.ts';

/** Each new holder has a new epoch, one above the last; within an epoch the holder stays and renewals increase. */
export const epochs: MakeChecker = (_world, report) => {
  const last = new Map<string, LeaseRecord>();
  return {
    rule: 'epochs strictly grow',
    routed: (plane, before) => {
      const { service, route } = plane;
      if (route !== null && before !== null && route.epoch < before.epoch)
        report(`${service}: the data plane took epoch ${route.epoch} after ${before.epoch}`);
    },
    leased: (service, record) => {
      const before = last.get(service);
      last.set(service, record);
      if (before === undefined || record.epoch === before.epoch + 1) return;
      const isRenewal =
        record.epoch === before.epoch &&
        record.renewal > before.renewal &&
        record.holder.host === before.holder.host &&
        record.holder.member === before.holder.member;
      if (!isRenewal)
        report(
          `${service}: epoch ${record.epoch}.${record.renewal} after ${before.epoch}.${before.renewal}`,
        );
    },
  };
};
