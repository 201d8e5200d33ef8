import type { ResolvedConfig } from '../../config/resolved.ts';
import { readText } from '../../drivers/os/sockets.ts';
import { clientRoom } from '../../drivers/traffic/proxy/descriptors.ts';
import type { PreflightFinding } from './finding.ts';

const SOMAXCONN = '/proc/sys/net/core/somaxconn';

/** Whether the kernel lets as many connections wait as the file asks for. */
export function backlogFindings({ services }: ResolvedConfig): PreflightFinding[] {
  const most = Number(readText(SOMAXCONN));
  return services.flatMap(({ name, core, traffic: { socket } }): PreflightFinding[] =>
    core.mode === 'observe' || socket === null || socket.backlog <= most
      ? []
      : [
          {
            level: 'note',
            code: 'backlogCapped',
            where: `services.${name}.traffic.backlog`,
            what: `${socket.backlog} connections should be able to wait, but the kernel lets ${most}`,
            todo: `raise net.core.somaxconn (${SOMAXCONN}), or ask for fewer`,
          },
        ],
  );
}

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
