import { existsSync, realpathSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { HostPort, ResolvedConfig, ResolvedService } from '../../config/resolved.ts';
import { formatAddress } from '../../config/units.ts';
import { isKeeperOf } from '../../drivers/keeper/client.ts';
import { hasVariable } from '../../drivers/member/process/proc.ts';
import {
  memberCgroupName,
  readRecord,
  recordPath,
} from '../../drivers/member/process/run-record.ts';
import { countOpen } from '../../drivers/proc-sockets.ts';
import { LOCK_FILE, readHolder } from '../../drivers/store/hold.ts';
import { isProxyOf } from '../../drivers/traffic/proxy/process.ts';
import type { PreflightFinding } from './finding.ts';
import { type Holder, findPortHolders } from './holder.ts';

// Whether the ports are free. They are not while an agent runs, nor after one was killed: its members and its
// data plane go on, and the next agent takes them over. Both are told apart from strangers.

type Listener = {
  readonly where: string;
  readonly address: HostPort;
  /** Whether the holder was started by a former agent of this state directory. */
  readonly isLeftover: (holder: Holder) => boolean;
};

/** code: of the error of listening there. */
type Refused = { readonly listener: Listener; readonly code: string };

export async function portFindings(config: ResolvedConfig): Promise<PreflightFinding[]> {
  const running = agentRunning(config.agent.stateDir);
  if (running !== null) return [running];
  const refused: Refused[] = [];
  for (const listener of listenersOf(config)) {
    const code = await tryListening(listener.address);
    if (code !== null) refused.push({ listener, code });
  }
  const taken = refused.filter(({ code }) => code === 'EADDRINUSE');
  const holders = findPortHolders(taken.map(({ listener }) => listener.address.port));
  return refused.map((one) => portFinding(one, holders));
}

/** The agent keeps its lock file open for as long as it lives. */
function agentRunning(stateDir: string): PreflightFinding | null {
  const lock = join(stateDir, LOCK_FILE);
  const pid = readHolder(stateDir)?.pid ?? null;
  if (pid === null || !existsSync(lock)) return null;
  if (countOpen(pid, new Set([realpathSync(lock)])) === 0) return null;
  return {
    level: 'note',
    code: 'agentRunning',
    where: 'agent.state',
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
  return [
    {
      where: `${at}.traffic.listen`,
      address: traffic.listen,
      isLeftover: (holder) =>
        isProxyOf(holder.pid, stateDir, name) ||
        isKeeperOf(holder.pid, stateDir) ||
        members.some((member) =>
          isLeftoverMember(holder, { stateDir, service: name, member: member.name }),
        ),
    },
    ...members.map((member): Listener => {
      const isLeftover = (holder: Holder): boolean =>
        isKeeperOf(holder.pid, stateDir) ||
        isLeftoverMember(holder, { stateDir, service: name, member: member.name });
      const address = { host: member.address, port: member.port };
      return { where: `${at}.members.${member.name}.port`, address, isLeftover };
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

function portFinding(
  { listener, code }: Refused,
  holders: ReadonlyMap<number, Holder>,
): PreflightFinding {
  const { where, address } = listener;
  const shown = formatAddress(address);
  if (code === 'EADDRINUSE') return takenFinding(listener, holders.get(address.port) ?? null);
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
    todo: 'stop that process, or choose another port',
  };
}
