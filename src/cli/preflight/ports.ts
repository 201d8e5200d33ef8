import { existsSync, realpathSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import type { HostPort, ResolvedConfig, ResolvedService } from '../../config/resolved.ts';
import { formatAddress } from '../../config/units.ts';
import { isUnix, type ListenAddress } from '../../drivers/listen-address.ts';
import { checkPath } from '../../drivers/socket-holder/unix-path.ts';
import { isSocketHolderOf } from '../../drivers/socket-holder/client.ts';
import { hasVariable, variablesOf } from '../../drivers/os/proc.ts';
import {
  memberCgroupName,
  readRecord,
  recordPath,
  runIdPrefix,
} from '../../drivers/member/process/run-record.ts';
import { countOpen } from '../../drivers/os/sockets.ts';
import { LOCK_FILE, readHolder } from '../../drivers/store/state-lock.ts';
import { isProxyOf } from '../../drivers/traffic/proxy/process.ts';
import type { PreflightFinding } from './finding.ts';
import { findHolders, type Holder, type Place, placeOf } from './holder.ts';

// Whether the ports are free. They are not while an agent runs, nor after one was killed: its members and its
// data plane go on, and the next agent takes them over. Both are told apart from strangers.

type Listener = {
  readonly where: string;
  readonly address: ListenAddress;
  /** Whether the holder was started by a former agent of this state directory. */
  readonly isLeftover: (holder: Holder) => boolean;
};

const IN_USE = 'EADDRINUSE';
const NO_DIRECTORY = 'noDirectory';
const NO_SOCKET = 'noSocket';

/** obstacle: the error code of listening there, or what is wrong with the path. */
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

/** The agent keeps its lock file open for as long as it lives. */
function agentRunning(stateDir: string): PreflightFinding | null {
  const lock = join(stateDir, LOCK_FILE);
  const pid = readHolder(stateDir)?.pid ?? null;
  if (pid === null || !existsSync(lock)) return null;
  if (countOpen(pid, new Set([realpathSync(lock)])) === 0) return null;
  return {
    level: 'warning',
    code: 'agentRunning',
    where: 'agent.stateDir',
    what: `an agent runs with this state directory (pid ${pid}), so its ports were not checked`,
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
    const name = memberCgroupName(stateDir, service, member);
    const record = readRecord(recordPath(stateDir, service, member), name);
    if (record === 'damaged') {
      const mark = `HOTWARM_RUN=${runIdPrefix(name)}`;
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
  switch (await checkPath(address.path)) {
    case 'inUse':
      return IN_USE;
    case 'noSocket':
    case 'unknown':
      return NO_SOCKET;
    default:
      return null;
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
    const what = `the directory ${dirname(path)} does not exist`;
    const todo = 'make it, or choose another path';
    return { level: 'error', code: 'pathUnusable', where, what, todo };
  }
  const what = `${path} exists, and is no socket that nobody listens on`;
  const todo = 'remove it if nobody needs it, or choose another path';
  return { level: 'error', code: 'pathUnusable', where, what, todo };
}

function portFinding(where: string, address: HostPort, code: string): PreflightFinding {
  const shown = formatAddress(address);
  if (code === 'EACCES') {
    const what = `this user may not listen on ${shown}`;
    const todo = 'choose a port from 1024 up, or give the process CAP_NET_BIND_SERVICE';
    return { level: 'error', code: 'portForbidden', where, what, todo };
  }
  const what = `${address.host} is not an address of this machine (${code})`;
  return { level: 'error', code: 'addressForeign', where, what, todo: 'use one of `ip address`' };
}

function takenFinding(
  { where, address, isLeftover }: Listener,
  holder: Holder | null,
): PreflightFinding {
  const shown = formatAddress(address);
  if (holder !== null && isLeftover(holder)) {
    const what = `${shown} is held by pid ${holder.pid}, which a former agent left running`;
    const todo = 'nothing: the next agent takes it over or ends it';
    return { level: 'warning', code: 'leftover', where, what, todo };
  }
  const who =
    holder === null
      ? 'another user’s process'
      : `pid ${holder.pid} (${holder.command.slice(0, 80)})`;
  const what = `${shown} is in use by ${who}`;
  return {
    level: 'error',
    code: 'portTaken',
    where,
    what,
    todo: 'stop that process, or choose another address',
  };
}
