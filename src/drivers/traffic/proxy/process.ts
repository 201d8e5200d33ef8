import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readdirSync } from 'node:fs';
import { dirname, extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../../errors.ts';
import { compiledEnv } from '../../compiled-env.ts';
import { DriverError } from '../../driver-error.ts';
import {
  hasVariable,
  processStillRuns,
  readProcessStat,
  sendSignal,
} from '../../member/process/proc.ts';
import { callProxy, type ControlClient } from './control-client.ts';
import { EXIT, type ProxyOptions } from './wire.ts';

// Starts the data plane's process: a process group of its own, nothing shared with the agent but a log file, so
// that neither the agent's end nor a signal from its terminal reaches it.

const START_MS = 10_000;
const CALL_EVERY_MS = 5;
/** From SIGKILL until the address is free. */
const END_MS = 2000;
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

/** Whether the process is the data plane that an agent with this state directory started for the service. */
export function isProxyOf(pid: number, stateDir: string, service: string): boolean {
  return hasVariable(pid, `${MARK}=${proxyMark(stateDir, service)}`);
}

/**
 * Kills what answers no more but still holds the service's address: a data plane that hangs, or whose control
 * socket was removed. The caller holds the state directory, so nobody else's is met.
 */
export async function endUnreachable(stateDir: string, service: string): Promise<void> {
  const left = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => isProxyOf(Number(name), stateDir, service))
    .map((name) => readProcessStat(Number(name)))
    .filter((stat) => stat !== null);
  for (const { pid } of left) sendSignal(pid, 'SIGKILL');
  for (let waitedMs = 0; waitedMs < END_MS; waitedMs += CALL_EVERY_MS) {
    if (!left.some(({ pid, startTicks }) => processStillRuns(pid, startTicks))) return;
    await new Promise((resolve) => setTimeout(resolve, CALL_EVERY_MS));
  }
}

export type Running = { readonly control: ControlClient; readonly child: ChildProcess };

/** Resolves once the process listens. Throws AppError for what the operator can mend, else DriverError. */
export async function startProcess(options: ProxyOptions, logFile: string): Promise<Running> {
  const log = openSync(logFile, 'a', 0o600);
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', entryFile(), JSON.stringify(options)],
    {
      detached: true,
      stdio: ['ignore', log, log],
      env: {
        ...process.env,
        ...compiledEnv(),
        [MARK]: proxyMark(dirname(logFile), options.service),
      },
    },
  );
  closeSync(log);
  child.unref();
  const exited = new Promise<never>((_resolve, reject) => {
    child.once('error', (error) => reject(new DriverError('startFailed', error.message)));
    child.once('exit', (code) => reject(startFault(code, options, logFile)));
  });
  exited.catch(() => {});
  const giveUp = new AbortController();
  try {
    const control = await Promise.race([exited, callUntil(options.controlPath, giveUp.signal)]);
    return { control, child };
  } catch (error) {
    giveUp.abort();
    if (child.exitCode === null && child.pid !== undefined) child.kill('SIGKILL');
    throw error;
  }
}

async function callUntil(path: string, signal: AbortSignal): Promise<ControlClient> {
  for (let left = START_MS; left > 0 && !signal.aborted; left -= CALL_EVERY_MS) {
    const control = await callProxy(path);
    if (control !== null) return control;
    await new Promise((resolve) => setTimeout(resolve, CALL_EVERY_MS));
  }
  throw new DriverError('startFailed', 'the proxy does not answer on its control socket');
}

function startFault(code: number | null, options: ProxyOptions, logFile: string): Error {
  const address = `${options.listen.host}:${options.listen.port}`;
  if (code === EXIT.addressTaken) {
    return new AppError('portTaken', {
      what: `service ${options.service} cannot listen on ${address}`,
      why: 'another process listens there',
      todo: 'stop that process, or change traffic.listen of the service',
    });
  }
  if (code === EXIT.certificateUnfit) {
    return new AppError('preflightFailed', {
      what: `the certificate of service ${options.service} cannot be used; see the end of ${logFile}`,
      why: 'its files cannot be read, or do not belong together',
      todo: 'mend traffic.tls of the service; `hotwarm check` says what is wrong',
    });
  }
  if (code === EXIT.notPermitted) {
    return new DriverError('permission', `not permitted to listen on ${address}`);
  }
  return new DriverError('startFailed', `the proxy ended with code ${code}; see ${logFile}`);
}
