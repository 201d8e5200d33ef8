import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ServiceReport, StatusReport } from '../../src/api/status.ts';
import { findFreePorts } from '../../src/drill/free-ports.ts';
import { endByPid, processesWith, type Seen } from '../integration/processes.ts';
import { MEMBER } from '../integration/sandbox.ts';
import { eventually } from '../eventually.ts';

// Three services under one real agent, in a folder of their own: `web` behind a proxy, `ledger` exclusive,
// and `shared`, whose members accept from one inherited socket. Every process carries a mark in its
// environment, so that the run can tell at its end that nothing is left behind.

const HOTWARM = fileURLToPath(new URL('../../bin/hotwarm', import.meta.url));
const MARK = 'CHAOS_RUN';
/** Agents in a row that ended by themselves with an error. */
const FAILED_STARTS_MAX = 20;
const STATE_MIB = 128;
const ASK_MS = 2000;
const COMMAND_MS = 60_000;

export const SERVICES = ['web', 'ledger', 'shared'] as const;
export type ServiceName = (typeof SERVICES)[number];

export type Ended = { readonly code: number | null; readonly out: string; readonly err: string };

export class Testbed {
  readonly folder: string;
  readonly ports: Readonly<Record<ServiceName, number>>;
  /** Whether the state directory is a small disk of its own, which can be filled. */
  readonly hasOwnDisk: boolean;
  readonly #api: number;
  readonly #agents = new Set<ChildProcess>();
  /** The end of what the agents printed, for a report of a violation. */
  #printed = '';
  #failedStarts = 0;

  private constructor(folder: string, ports: readonly number[]) {
    const [web = 0, ledger = 0, shared = 0, api = 0, ...members] = ports;
    this.folder = folder;
    this.ports = { web, ledger, shared };
    this.#api = api;
    mkdirSync(this.path('state'));
    this.hasOwnDisk = mountDisk(this.path('state'));
    this.#write(members);
  }

  static async open(): Promise<Testbed> {
    const folder = mkdtempSync(join(tmpdir(), 'hotwarm-chaos-'));
    return new Testbed(folder, await findFreePorts(10));
  }

  get printed(): string {
    return this.#printed;
  }

  get liveAgents(): readonly ChildProcess[] {
    return [...this.#agents].filter(
      ({ exitCode, signalCode }) => exitCode === null && signalCode === null,
    );
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Starts `hotwarm up`. Throws where agents end again and again: nothing could be tried then. */
  up(...flags: readonly string[]): ChildProcess {
    if (this.#failedStarts >= FAILED_STARTS_MAX)
      throw new Error(`agents end as soon as they start: ${this.#printed.slice(-2000)}`);
    const child = this.#spawn('up', ...flags);
    this.#agents.add(child);
    child.once('exit', (code, signal) => {
      this.#agents.delete(child);
      this.#failedStarts = code === 0 || signal !== null ? 0 : this.#failedStarts + 1;
      this.#print(`-- an agent ended: ${code ?? signal}\n`);
    });
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => this.#print(text));
    return child;
  }

  /** Runs one command to its end, or kills it. */
  async run(...args: readonly string[]): Promise<Ended> {
    const child = this.#spawn(...args);
    const ended = { out: '', err: '' };
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (ended.out += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (ended.err += text));
    const timer = setTimeout(() => child.kill('SIGKILL'), COMMAND_MS);
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    clearTimeout(timer);
    return { code, ...ended };
  }

  /** null: no agent answers. */
  async status(): Promise<StatusReport | null> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.#api}/api/v1/status`, {
        signal: AbortSignal.timeout(ASK_MS),
        headers: { connection: 'close' },
      });
      return response.ok ? ((await response.json()) as StatusReport) : null; // The API's own document.
    } catch {
      return null;
    }
  }

  async service(name: ServiceName): Promise<ServiceReport | null> {
    return (await this.status())?.services[name] ?? null;
  }

  /** Living processes of the testbed whose command line contains the pattern. */
  processes(pattern = /./): readonly Seen[] {
    return processesWith(`${MARK}=${this.folder}`).filter(({ command }) => pattern.test(command));
  }

  /** Ends whatever is left and gives everything back. */
  async close(): Promise<void> {
    await eventually('no process of the run is left', () => {
      const left = this.processes();
      for (const { pid } of left) endByPid(pid);
      return left.length === 0;
    });
    if (this.hasOwnDisk) execFileSync('umount', ['--lazy', this.path('state')]);
    rmSync(this.folder, { recursive: true, force: true });
  }

  #spawn(...args: readonly string[]): ChildProcess {
    return spawn(HOTWARM, ['-c', this.path('hotwarm.yaml'), ...args], {
      cwd: this.folder,
      env: { ...process.env, [MARK]: this.folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  #print(text: string): void {
    this.#printed = (this.#printed + text).slice(-20_000);
  }

  #write(ports: readonly number[]): void {
    const member = (service: ServiceName, port: number | undefined, keys: string): string =>
      `{ command: ${JSON.stringify([process.execPath, MEMBER])}, port: ${port ?? 0}, env: { OP_LOG: ${this.path(`${service}.log`)} }${keys} }`;
    writeFileSync(
      this.path('hotwarm.yaml'),
      `agent: { stateDir: ./state, api: '127.0.0.1:${this.#api}' }
services:
  web:
    members: { a: ${member('web', ports[0], '')}, b: ${member('web', ports[1], '')} }
    traffic: { listen: '127.0.0.1:${this.ports.web}', processes: 2 }
    probe: { http: /healthz, interval: 100ms, timeout: 300ms }
    failback: { mode: auto, after: 5s }
  ledger:
    exclusive: true
    members: { a: ${member('ledger', ports[2], '')}, b: ${member('ledger', ports[3], ', temperature: warm, cpu: 50%')} }
    traffic: { listen: '127.0.0.1:${this.ports.ledger}' }
    probe: { http: /healthz, interval: 100ms, timeout: 300ms }
    failback: { mode: manual }
  shared:
    members: { a: ${member('shared', ports[4], '')}, b: ${member('shared', ports[5], ', temperature: frozen')} }
    traffic: { listen: '127.0.0.1:${this.ports.shared}', via: socket }
    probe: { http: /healthz, interval: 100ms, timeout: 300ms }
    failback: { mode: manual }
`,
    );
    for (const name of SERVICES) writeFileSync(this.path(`${name}.log`), '');
  }
}

/** A disk that can be filled needs root and mount(2); without them that fault is left out. */
function mountDisk(path: string): boolean {
  try {
    execFileSync(
      'mount',
      ['-t', 'tmpfs', '-o', `size=${STATE_MIB}m,mode=0700`, 'hotwarm-chaos', path],
      {
        stdio: 'ignore',
      },
    );
    return true;
  } catch {
    return false;
  }
}
