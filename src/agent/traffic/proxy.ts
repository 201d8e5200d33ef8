import type { ResolvedProxy } from '../../config/traffic/proxy.ts';
import { ProxyDriver } from '../../drivers/traffic/proxy.ts';
import { endStrangers } from '../../drivers/traffic/proxy/process.ts';
import type { TrafficFactory } from './kind.ts';

export const PROXY: TrafficFactory<ResolvedProxy> = {
  make: ({ name, traffic }, { stateDir, socketHolder, targets, onEvent }) =>
    new ProxyDriver({
      ...traffic,
      service: name,
      targets,
      stateDir,
      socketHolder: async () => await socketHolder.open(),
      onEvent,
    }),
  socketKeys: ({ name }) => [name],
  inheritance: () => ({}),
  endFormer: endStrangers,
};
