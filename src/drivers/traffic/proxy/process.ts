import { readdirSync } from 'node:fs';
import { dirname, extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../../errors.ts';
import { compiledEnv } from '../../compiled-env.ts';
import { DriverError } from '../../driver-error.ts';
import { endAll, findMarked, readProcessStat, type Identity, variablesOf } from '../../os/proc.ts';
import type { Spawner } from '../../member/process/spawner.ts';
import { callProxy, type ProxyControl } from './control.ts';
import { EXIT, type ProxyOptions } from './wire.ts';

// Starts one process of the data plane, through the socket holder, from which it inherits the listening socket: a session
// of its own, nothing shared with the agent but a log file, so that neither the agent's end nor a signal from its
// terminal reaches it.

/**
 * The heap is small and its garbage short-lived, so that one thread clears it in a fraction of a millisecond. With helper
 * threads every request waits until the last of these got a core, which took 2 to 10 ms on a busy machine.
 */
const RUNTIME_FLAGS = ['--single-threaded-gc', '--disable-warning=ExperimentalWarning'];
const START_MS = 10_000;
const CALL_EVERY_MS = 5;
/** In the environment of each data plane: unlike its command line, a title of its own does not overwrite it. */
const MARK = 'HOTWARM_PROXY';

/** main.ts beside the sources, main.js beside the built files. */
function entryFile(): string {
  const own = fileURLToPath(import.meta.url);
  return fileURLToPath(new URL(`./main${extname(own)}`, import.meta.url));
}

/** Of which service it is, and of which of the agents on this host. */
function proxyMark(stateDir: string, service: string): string {
  return `${service}:${stateDir}`;
}

/** Whether an agent with this state directory started the process, for whichever service. */
export function isProxyOf(pid: number, stateDir: string): boolean {
  return variablesOf(pid).some((variable) => isMarkOf(variable, stateDir));
}

function isMarkOf(variable: string, stateDir: string): boolean {
  return variable.startsWith(`${MARK}=`) && variable.endsWith(`:${stateDir}`);
}

/** What the control socket of each process is called. */
export function controlName(service: string, index: number): string {
  return `proxy-${service}.${index}.sock`;
}

/** The numbers of all processes that have, or had, a control socket there. */
export function knownIndexes(stateDir: string, service: string): readonly number[] {
  return readdirSync(stateDir)
    .map((name) => /^proxy-(.+)\.(\d+)\.sock$/.exec(name))
    .filter((match) => match !== null && match[1] === service)
    .map((match) => Number(match?.[2]));
}

/**
 * Kills processes of the service that no agent has taken over: what hangs, what lost its control socket, what was
 * being started when its agent died. The caller holds the state directory, so no other agent's is met.
 */
export async function endOthers(
  stateDir: string,
  service: string,
  taken: readonly number[],
): Promise<void> {
  const mark = `${MARK}=${proxyMark(stateDir, service)}`;
  const found = findMarked((variable) => variable === mark);
  const ended = await endAll(found.filter(({ pid }) => !taken.includes(pid)));
  // It might serve by an old route beside the new ones.
  if (!ended) throw new DriverError('driverFailed', `an old proxy of ${service} does not end`);
}

/** Kills those of services that a former configuration had: they would hold addresses, and serve, for ever. */
export async function endStrangers(stateDir: string, services: readonly string[]): Promise<void> {
  const known = services.map((service) => `${MARK}=${proxyMark(stateDir, service)}`);
  const isStranger = (variable: string): boolean =>
    isMarkOf(variable, stateDir) && !known.includes(variable);
  await endAll(findMarked(isStranger));
}

/** null: it has ended already. */
export function identify(pid: number): Identity | null {
  return readProcessStat(pid);
}

/** Resolves once the process obeys orders. Throws AppError for what the operator can mend, else DriverError. */
export async function startProcess(
  options: ProxyOptions,
  {
    key,
    socketHolder,
    logFile,
  }: { readonly key: string; readonly socketHolder: Spawner; readonly logFile: string },
): Promise<ProxyControl> {
  const stateDir = dirname(logFile);
  const spawned = await socketHolder.spawn({
    program: process.execPath,
    args: [...RUNTIME_FLAGS, entryFile(), JSON.stringify(options)],
    cwd: stateDir,
    env: { ...ownEnvironment(), ...compiledEnv(), [MARK]: proxyMark(stateDir, options.service) },
    logs: { output: logFile, errors: logFile },
    sockets: [key],
    blocking: false,
    activationPipe: null,
    isNested: false,
    entrances: [],
  });
  // Until it is given its word the socket holder would end it along with the agent.
  spawned.go();
  const exited = new Promise<never>((_resolve, reject) => {
    spawned.onExit(({ exitCode }) => reject(startFault(exitCode, options, logFile)));
  });
  exited.catch(() => {});
  const giveUp = new AbortController();
  try {
    return await Promise.race([
      exited,
      callUntil(options.controlPath, spawned.main, giveUp.signal),
    ]);
  } catch (error) {
    giveUp.abort();
    await endAll([spawned.main]);
    throw error;
  }
}

async function callUntil(
  path: string,
  { pid }: Identity,
  signal: AbortSignal,
): Promise<ProxyControl> {
  for (let left = START_MS; left > 0 && !signal.aborted; left -= CALL_EVERY_MS) {
    const control = await callProxy(path);
    if (control?.hello.pid === pid) return control;
    control?.close();
    await new Promise((resolve) => setTimeout(resolve, CALL_EVERY_MS));
  }
  throw new DriverError('startFailed', 'the proxy does not answer on its control socket');
}

function ownEnvironment(): Readonly<Record<string, string>> {
  const defined = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return Object.fromEntries(defined);
}

function startFault(code: number | null, options: ProxyOptions, logFile: string): Error {
  if (code === EXIT.certificateUnfit) {
    return new AppError('preflightFailed', {
      message: {
        en: `cannot use the certificate of service ${options.service}; see the end of ${logFile}`,
        zh: `无法使用服务 ${options.service} 的证书，见 ${logFile} 末尾`,
      },
      reason: {
        en: 'certificate or key is not readable, or they do not match',
        zh: '证书或私钥无法读取，或两者不匹配',
      },
      hint: {
        en: 'fix traffic.tls of the service; `hotwarm check` shows the cause',
        zh: '修正该服务的 traffic.tls；`hotwarm check` 会显示原因',
      },
    });
  }
  return new DriverError('startFailed', `the proxy ended with code ${code}; see ${logFile}`);
}
