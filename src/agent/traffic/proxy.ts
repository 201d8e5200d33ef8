import type { ResolvedProxy } from '../../config/traffic/proxy.ts';
import { ProxyDriver } from '../../drivers/traffic/proxy.ts';
import { endStrangers } from '../../drivers/traffic/proxy/process.ts';
import type { TrafficFactory } from './kind.ts';

export const PROXY: TrafficFactory<ResolvedProxy> = {
  make: ({ name, traffic }, { stateDir, keeper, targets, onEvent }) =>
    new ProxyDriver({
      ...traffic,
      service: name,
      targets,
      stateDir,
      keeper: async () => await keeper.open(),
      onEvent,
    }),
  keeperKeys: ({ name }) => [name],
  inheritance: () => ({}),
  endFormer: endStrangers,
};
