import type { ResolvedProxy } from '../../config/traffic/proxy.ts';
import type { ResolvedSocket } from '../../config/traffic/socket.ts';
import { readText } from '../../drivers/os/sockets.ts';
import { clientRoom } from '../../drivers/traffic/proxy/descriptors.ts';
import type { PreflightFinding } from './finding.ts';

const SOMAXCONN = '/proc/sys/net/core/somaxconn';

/** Whether the kernel lets as many connections wait as the file asks for. */
export function backlogFindings({ backlog }: ResolvedSocket, where: string): PreflightFinding[] {
  const most = Number(readText(SOMAXCONN));
  if (backlog <= most) return [];
  return [
    {
      level: 'warning',
      code: 'backlogCapped',
      where: `${where}.backlog`,
      what: `${backlog} connections should be able to wait, but the kernel lets ${most}`,
      todo: `raise net.core.somaxconn (${SOMAXCONN}), or ask for fewer`,
    },
  ];
}

/** Whether the proxies, which inherit the limit of this process, may have as many clients as the file allows. */
export function descriptorFindings(
  { clients, processes }: ResolvedProxy,
  where: string,
): PreflightFinding[] {
  const room = clientRoom() * processes;
  if (clients.connections <= room) return [];
  return [
    {
      level: 'warning',
      code: 'fewDescriptors',
      where: `${where}.clients.maxConnections`,
      what: `${clients.connections} clients are allowed, but the limit of open files leaves room for ${room}`,
      todo: 'raise the hard limit (ulimit -Hn, or LimitNOFILE= of the systemd unit), or allow fewer',
    },
  ];
}
