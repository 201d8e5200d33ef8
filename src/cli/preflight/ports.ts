import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import type { HostPort, ResolvedConfig, ResolvedService } from '../../config/resolved.ts';
import { formatAddress } from '../../config/units.ts';
import { unreachable } from '../../core/assert.ts';
import { isUnix, type ListenAddress } from '../../drivers/listen-address.ts';
import { checkPath } from '../../drivers/socket-holder/unix-path.ts';
import { isSocketHolderOf } from '../../drivers/socket-holder/client.ts';
import { hasVariable, variablesOf } from '../../drivers/os/proc.ts';
import {
  memberCgroupName,
  readRecord,
  runIdPrefix,
} from '../../drivers/member/process/run-record.ts';
import { provenHolder } from '../../drivers/store/state-lock.ts';
import { isProxyOf } from '../../drivers/traffic/proxy/process.ts';
import type { PreflightFinding } from './finding.ts';
import { findHolders, type Holder, type Place, placeOf } from './holder.ts';

// Whether the ports are free. They are not while an agent runs, nor after it was killed: members and data plane keep
// running, and the next agent takes them over. Both cases are distinguished from other processes.

type Listener = {
  readonly where: string;
  readonly address: ListenAddress;
  /** Whether an earlier agent of this state directory started the process. */
  readonly isLeftover: (holder: Holder) => boolean;
};

const IN_USE = 'EADDRINUSE';
const NO_DIRECTORY = 'noDirectory';
const NO_SOCKET = 'noSocket';

/** obstacle: the error code of listening, or of the path. */
type Refused = { readonly listener: Listener; readonly obstacle: string };

export async function portFindings(config: ResolvedConfig): Promise<PreflightFinding[]> {
  const running = agentRunning(config.agent.stateDir);
  if (running !== null) return [running];
  const refused: Refused[] = [];
  for (const listener of listenersOf(config)) {
    const obstacle = await obstacleAt(listener.address);
    if (obstacle !== null) refused.push({ listener, obstacle });
  }
  const taken = refused.filter(({ obstacle }) => obstacle === IN_USE);
  const holders = findHolders(taken.map(({ listener }) => placeOf(listener.address)));
  return refused.map((one) => findingFor(one, holders));
}

function agentRunning(stateDir: string): PreflightFinding | null {
  const pid = provenHolder(stateDir);
  if (pid === null) return null;
  return {
    level: 'warning',
    code: 'agentRunning',
    where: 'agent.stateDir',
    message: {
      en: `an agent with this state directory is running (pid ${pid}), so ports were not checked`,
      zh: `使用该状态目录的 agent 正在运行（pid ${pid}），因此未检查端口`,
    },
    hint: {
      en: 'no action needed if you expect this agent',
      zh: '若这是预期的 agent，无须处理',
    },
  };
}

function listenersOf({ agent, services }: ResolvedConfig): Listener[] {
  const api: Listener = { where: 'agent.api', address: agent.api, isLeftover: () => false };
  return [api, ...services.flatMap((service) => serviceListeners(service, agent.stateDir))];
}

function serviceListeners(service: ResolvedService, stateDir: string): Listener[] {
  const { name, core, traffic, members } = service;
  // Members of an observed service are started by others and use their ports rightly.
  if (core.mode === 'observe') return [];
  const at = `services.${name}`;
  const isLeftover = (holder: Holder): boolean =>
    isProxyOf(holder.pid, stateDir) ||
    isSocketHolderOf(holder.pid, stateDir) ||
    members.some((member) =>
      isLeftoverMember(holder, { stateDir, service: name, member: member.name }),
    );
  const [first, ...further] = traffic.listeners;
  return [
    { where: `${at}.traffic.listen`, address: first.address, isLeftover },
    ...further.map((listener): Listener => {
      const where = `${at}.traffic.listeners.${listener.name}`;
      return { where, address: listener.address, isLeftover };
    }),
    ...members.map((member): Listener => {
      const isOwn = (holder: Holder): boolean =>
        isSocketHolderOf(holder.pid, stateDir) ||
        isLeftoverMember(holder, { stateDir, service: name, member: member.name });
      const address = { host: member.address, port: member.port };
      return { where: `${at}.members.${member.name}.port`, address, isLeftover: isOwn };
    }),
  ];
}

function isLeftoverMember(
  { pid }: Holder,
  { stateDir, service, member }: { stateDir: string; service: string; member: string },
): boolean {
  try {
    const record = readRecord(stateDir, service, member);
    if (record === 'damaged') {
      const mark = `HOTWARM_RUN=${runIdPrefix(memberCgroupName(stateDir, service, member))}`;
      return variablesOf(pid).some((variable) => variable.startsWith(mark));
    }
    return record !== null && hasVariable(pid, `HOTWARM_RUN=${record.runId}`);
  } catch {
    // A record that cannot be read proves nothing.
    return false;
  }
}

/** null: it is free. */
async function obstacleAt(address: ListenAddress): Promise<string | null> {
  if (!isUnix(address)) return await tryListening(address);
  if (!existsSync(dirname(address.path))) return NO_DIRECTORY;
  const found = await checkPath(address.path);
  switch (found) {
    case 'inUse':
      return IN_USE;
    case 'noSocket':
    case 'unknown':
      return NO_SOCKET;
    case 'free':
    case 'left':
      return null;
    default:
      return unreachable(found);
  }
}

/** The error code of listening there; null: it is free. */
function tryListening({ host, port }: HostPort): Promise<string | null> {
  return new Promise((settle) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => settle(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => settle(null)));
  });
}

function findingFor(
  { listener, obstacle }: Refused,
  holders: ReadonlyMap<Place, Holder>,
): PreflightFinding {
  const { where, address } = listener;
  if (obstacle === IN_USE) return takenFinding(listener, holders.get(placeOf(address)) ?? null);
  if (isUnix(address)) return pathFinding(where, address.path, obstacle);
  return portFinding(where, address, obstacle);
}

function pathFinding(where: string, path: string, obstacle: string): PreflightFinding {
  if (obstacle === NO_DIRECTORY) {
    const message = {
      en: `the directory ${dirname(path)} does not exist`,
      zh: `目录 ${dirname(path)} 不存在`,
    };
    const hint = { en: 'create it, or use another path', zh: '创建该目录，或改用其他路径' };
    return { level: 'error', code: 'pathUnusable', where, message, hint };
  }
  const message = {
    en: `${path} exists and is not an unused socket`,
    zh: `${path} 已存在，且不是闲置的套接字`,
  };
  const hint = {
    en: 'remove it if it is not needed, or use another path',
    zh: '若不再需要则将其删除，或改用其他路径',
  };
  return { level: 'error', code: 'pathUnusable', where, message, hint };
}

function portFinding(where: string, address: HostPort, code: string): PreflightFinding {
  const shown = formatAddress(address);
  if (code === 'EACCES') {
    const message = {
      en: `this user is not permitted to listen on ${shown}`,
      zh: `该用户无权监听 ${shown}`,
    };
    const hint = {
      en: 'use a port from 1024 up, or give the process CAP_NET_BIND_SERVICE',
      zh: '改用 1024 及以上的端口，或为进程授予 CAP_NET_BIND_SERVICE',
    };
    return { level: 'error', code: 'portForbidden', where, message, hint };
  }
  const message = {
    en: `${address.host} is not an address of this host (${code})`,
    zh: `${address.host} 不是本机的地址（${code}）`,
  };
  const hint = { en: 'use an address listed by `ip address`', zh: '改用 `ip address` 列出的地址' };
  return { level: 'error', code: 'addressForeign', where, message, hint };
}

function takenFinding(
  { where, address, isLeftover }: Listener,
  holder: Holder | null,
): PreflightFinding {
  const shown = formatAddress(address);
  if (holder !== null && isLeftover(holder)) {
    const message = {
      en: `${shown} is in use by pid ${holder.pid}, which an earlier agent left running`,
      zh: `${shown} 正被先前的 agent 留下的 pid ${holder.pid} 占用`,
    };
    const hint = {
      en: 'no action needed: the next agent takes it over or stops it',
      zh: '无须处理：新的 agent 会接手或停止它',
    };
    return { level: 'warning', code: 'leftover', where, message, hint };
  }
  const command = holder === null ? '' : holder.command.slice(0, 80);
  const message =
    holder === null
      ? {
          en: `${shown} is in use by a process of another user`,
          zh: `${shown} 正被其他用户的进程占用`,
        }
      : {
          en: `${shown} is in use by pid ${holder.pid} (${command})`,
          zh: `${shown} 正被 pid ${holder.pid}（${command}）占用`,
        };
  const hint = {
    en: 'stop that process, or use another address',
    zh: '停止该进程，或改用其他地址',
  };
  return { level: 'error', code: 'portTaken', where, message, hint };
}
