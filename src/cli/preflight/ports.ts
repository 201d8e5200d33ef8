import { existsSync, realpathSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import type { HostPort, ResolvedConfig, ResolvedService } from '../../config/resolved.ts';
import { formatAddress } from '../../config/units.ts';
import { isUnix, type ListenAddress } from '../../drivers/listen-address.ts';
import { lookAtPath } from '../../drivers/keeper/unix-path.ts';
import { isKeeperOf } from '../../drivers/keeper/client.ts';
import { hasVariable } from '../../drivers/member/process/proc.ts';
import {
  memberCgroupName,
  readRecord,
  recordPath,
} from '../../drivers/member/process/run-record.ts';
import { isProxyOf } from '../../drivers/traffic/proxy/process.ts';
import type { PreflightFinding } from './finding.ts';
import { type Holder, findFileHolder, findPathHolder, findPortHolder } from './holder.ts';

// Whether the ports are free. They are not while an agent runs, nor after one was killed: its members and its
// data plane go on, and the next agent takes them over. Both are told apart from strangers.

type Listener = {
  readonly where: string;
  readonly address: ListenAddress;
  /** Whether the holder was started by a former agent of this state directory. */
  readonly isLeftover: (holder: Holder) => boolean;
};

export async function portFindings(config: ResolvedConfig): Promise<PreflightFinding[]> {
  const running = agentRunning(config.agent.stateDir);
  if (running !== null) return [running];
  const findings: PreflightFinding[] = [];
  for (const listener of listenersOf(config)) {
    findings.push(...(await listenerFindings(listener)));
  }
  return findings;
}

/** The agent keeps its lock file open for as long as it lives. */
function agentRunning(stateDir: string): PreflightFinding | null {
  const lock = join(stateDir, 'agent.lock');
  const holder = existsSync(lock) ? findFileHolder(realpathSync(lock)) : null;
  if (holder === null) return null;
  return {
    level: 'note',
    code: 'agentRunning',
    where: 'agent.state',
    what: `an agent runs with this state directory (pid ${holder.pid}), so its ports were not checked`,
    todo: 'nothing, if that is the agent you mean',
  };
}

function listenersOf({ agent, services }: ResolvedConfig): Listener[] {
  const api: Listener = { where: 'agent.api', address: agent.api, isLeftover: () => false };
  return [api, ...services.flatMap((service) => serviceListeners(service, agent.stateDir))];
}

function serviceListeners(service: ResolvedService, stateDir: string): Listener[] {
  const { name, core, traffic, members } = service;
  // An observed service is somebody else's, who listens there rightly.
  if (core.mode === 'observe') return [];
  const at = `services.${name}`;
  const isLeftover = (holder: Holder): boolean =>
    isProxyOf(holder.pid, stateDir, name) ||
    isKeeperOf(holder.pid, stateDir) ||
    members.some((member) =>
      isLeftoverMember(holder, { stateDir, service: name, member: member.name }),
    );
  const further = traffic.socket?.listeners.slice(1) ?? [];
  return [
    { where: `${at}.traffic.listen`, address: traffic.listen, isLeftover },
    ...further.map((listener): Listener => {
      const where = `${at}.traffic.listeners.${listener.name}`;
      return { where, address: listener.address, isLeftover };
    }),
    ...members.map((member): Listener => {
      const isOwn = (holder: Holder): boolean =>
        isKeeperOf(holder.pid, stateDir) ||
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
    const record = readRecord(
      recordPath(stateDir, service, member),
      memberCgroupName(stateDir, service, member),
    );
    return record !== null && hasVariable(pid, `HOTWARM_RUN=${record.runId}`);
  } catch {
    // A record that cannot be read proves nothing.
    return false;
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

async function listenerFindings(listener: Listener): Promise<PreflightFinding[]> {
  const { address } = listener;
  if (isUnix(address)) return await pathFindings(listener, address.path);
  const code = await tryListening(address);
  return code === null ? [] : [portFinding(listener, address, code)];
}

async function pathFindings(listener: Listener, path: string): Promise<PreflightFinding[]> {
  const { where } = listener;
  const directory = dirname(path);
  if (!existsSync(directory)) {
    const what = `the directory ${directory} does not exist`;
    const todo = 'make it, or choose another path';
    return [{ level: 'fault', code: 'pathUnusable', where, what, todo }];
  }
  switch (await lookAtPath(path)) {
    case 'inUse':
      return [takenFinding(listener, findPathHolder(path))];
    case 'noSocket':
    case 'unknown': {
      const what = `${path} exists, and is no socket that nobody listens on`;
      const todo = 'remove it if nobody needs it, or choose another path';
      return [{ level: 'fault', code: 'pathUnusable', where, what, todo }];
    }
    default:
      return [];
  }
}

function portFinding(listener: Listener, address: HostPort, code: string): PreflightFinding {
  const { where } = listener;
  const shown = formatAddress(address);
  if (code === 'EADDRINUSE') return takenFinding(listener, findPortHolder(address.port));
  if (code === 'EACCES') {
    const what = `this user may not listen on ${shown}`;
    const todo = 'choose a port from 1024 up, or give the process CAP_NET_BIND_SERVICE';
    return { level: 'fault', code: 'portForbidden', where, what, todo };
  }
  const what = `${address.host} is not an address of this machine (${code})`;
  return { level: 'fault', code: 'addressForeign', where, what, todo: 'use one of `ip address`' };
}

function takenFinding(
  { where, address, isLeftover }: Listener,
  holder: Holder | null,
): PreflightFinding {
  const shown = formatAddress(address);
  if (holder !== null && isLeftover(holder)) {
    const what = `${shown} is held by pid ${holder.pid}, which a former agent left running`;
    const todo = 'nothing: the next agent takes it over or ends it';
    return { level: 'note', code: 'leftover', where, what, todo };
  }
  const who =
    holder === null
      ? 'another user’s process'
      : `pid ${holder.pid} (${holder.command.slice(0, 80)})`;
  const what = `${shown} is in use by ${who}`;
  return {
    level: 'fault',
    code: 'portTaken',
    where,
    what,
    todo: 'stop that process, or choose another address',
  };
}
