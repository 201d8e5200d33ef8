import type { ResolvedConfig } from '../../config/resolved.ts';
import { clientRoom } from '../../drivers/traffic/proxy/descriptors.ts';
import type { PreflightFinding } from './finding.ts';

/** Whether the proxies, which inherit the limit of this process, may have as many clients as the file allows. */
export function descriptorFindings({ services }: ResolvedConfig): PreflightFinding[] {
  const room = clientRoom();
  return services
    .filter(({ core, traffic }) => core.mode === 'act' && traffic.via === 'proxy')
    .filter(({ traffic }) => traffic.clients.connections > room * traffic.processes)
    .map(({ name, traffic: { clients, processes } }) => ({
      level: 'note',
      code: 'fewDescriptors',
      where: `services.${name}.traffic.clients.connections`,
      what: `${clients.connections} clients are allowed, but the limit of open files leaves room for ${room * processes}`,
      todo: 'raise the hard limit (ulimit -Hn, or LimitNOFILE= of the systemd unit), or allow fewer',
    }));
}
