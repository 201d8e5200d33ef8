import type { ResolvedProxy } from '../../config/traffic/proxy.ts';
import type { ResolvedSocket } from '../../config/traffic/socket.ts';
import { readText } from '../../drivers/os/sockets.ts';
import { clientRoom } from '../../drivers/traffic/proxy/descriptors.ts';
import type { PreflightFinding } from './finding.ts';

const SOMAXCONN = '/proc/sys/net/core/somaxconn';

/** Whether the kernel allows the configured backlog. */
export function backlogFindings({ backlog }: ResolvedSocket, where: string): PreflightFinding[] {
  const most = Number(readText(SOMAXCONN));
  if (backlog <= most) return [];
  return [
    {
      level: 'warning',
      code: 'backlogCapped',
      where: `${where}.backlog`,
      message: {
        en: `backlog is ${backlog}, but the kernel limits it to ${most}`,
        zh: `backlog 为 ${backlog}，而内核的上限为 ${most}`,
      },
      hint: {
        en: `raise net.core.somaxconn (${SOMAXCONN}), or reduce backlog`,
        zh: `增大 net.core.somaxconn（${SOMAXCONN}），或减小 backlog`,
      },
    },
  ];
}

/** Whether the limit of open files, which the proxy inherits, allows the configured number of clients. */
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
      message: {
        en: `maxConnections is ${clients.connections}, but the limit of open files allows only ${room}`,
        zh: `maxConnections 为 ${clients.connections}，而打开文件数的上限只允许 ${room} 个连接`,
      },
      hint: {
        en: 'raise the hard limit (ulimit -Hn, or LimitNOFILE= of the systemd unit), or reduce maxConnections',
        zh: '提高硬上限（ulimit -Hn，或 systemd 单元的 LimitNOFILE=），或减小 maxConnections',
      },
    },
  ];
}
