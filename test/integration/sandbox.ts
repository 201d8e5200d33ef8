import { spawn, type ChildProcess } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { StoredIncident } from '../../src/agent/contract.ts';
import type { ServiceReport, StatusReport } from '../../src/api/status.ts';
import { findFreePorts } from '../../src/drill/free-ports.ts';
import { OpenLoopLoad } from '../../src/drill/load.ts';
import { endByPid, processesWith, type Seen } from './processes.ts';
import { eventually } from '../eventually.ts';

// A folder with a configuration of its own on ports of its own, and the commands run in it as a user runs
// them. Every process that comes of it carries the sandbox's mark in its environment; whatever of them is
// still alive when the test ends is ended by its pid.

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const HOTWARM = join(ROOT, 'bin/hotwarm');
export const MEMBER = join(ROOT, 'test/integration/member.mjs');
const REQUEST_TIMEOUT_MS = 8000;
/** Members inherit all of the agent's environment but what begins with HOTWARM_. */
const MARK = 'SANDBOX_OF_TEST';

export type Ports = {
  readonly listen: number;
  readonly api: number;
  readonly a: number;
  readonly b: number;
};

export type Ended = { readonly code: number | null; readonly out: string; readonly err: string };

export type MemberOptions = {
  readonly keys?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
};

export type ServiceOptions = {
  readonly a?: MemberOptions;
  readonly b?: MemberOptions;
  /** Further lines of the service, each indented by four spaces. */
  readonly lines?: readonly string[];
  /** Further keys of its traffic. */
  readonly traffic?: string;
  /** Patience of its probe. */
  readonly timeout?: string;
};

export class Sandbox {
  readonly folder: string;
  readonly ports: Ports;
  readonly #loads: OpenLoopLoad[] = [];

  private constructor(folder: string, ports: Ports) {
    this.folder = folder;
    this.ports = ports;
  }

  /** Swept when the test ends. */
  static async open(t: TestContext): Promise<Sandbox> {
    const folder = await mkdtemp(join(tmpdir(), 'hotwarm-test-'));
    const [listen = 0, api = 0, a = 0, b = 0] = await findFreePorts(4);
    const sandbox = new Sandbox(folder, { listen, api, a, b });
    t.after(async () => await sandbox.#sweep());
    return sandbox;
  }

  /** The example of the repository, moved to this sandbox's ports. */
  async useExample(name: string, configuration = 'hotwarm.yaml'): Promise<void> {
    await cp(join(ROOT, 'examples', name), this.folder, { recursive: true });
    const { listen, api, a, b } = this.ports;
    const text = (await readFile(join(this.folder, configuration), 'utf8'))
      .replaceAll('3001', String(a))
      .replaceAll('3002', String(b))
      .replaceAll('127.0.0.1:8080', `127.0.0.1:${listen}`)
      .replace(/\[node, /g, `[${JSON.stringify(process.execPath)}, `);
    await this.write(`agent: { api: '127.0.0.1:${api}' }\n${text}`);
  }

  /** A service `shop` of two test members. */
  async useShop(options: ServiceOptions = {}): Promise<void> {
    const { listen, api, a, b } = this.ports;
    const lines = options.lines ?? ['failback: { mode: manual }'];
    await this.write(`agent: { stateDir: ./state, api: '127.0.0.1:${api}' }
services:
  shop:
    members:
      a: ${memberText(a, options.a)}
      b: ${memberText(b, options.b)}
    traffic: { listen: '127.0.0.1:${listen}'${options.traffic === undefined ? '' : `, ${options.traffic}`} }
    probe: { http: /healthz, interval: 50ms, timeout: ${options.timeout ?? '200ms'} }
${lines.map((line) => `    ${line}\n`).join('')}`);
  }

  async write(text: string): Promise<void> {
    await writeFile(join(this.folder, 'hotwarm.yaml'), text);
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Starts `hotwarm up`; `within`, where given, is the command line that runs it. */
  up(within: readonly string[] = [], flags: readonly string[] = []): Agent {
    return new Agent(
      this.#spawn([...within, HOTWARM, 'up', '-c', this.path('hotwarm.yaml'), ...flags]),
      this,
    );
  }

  /** Runs one command to its end. */
  async run(...args: readonly string[]): Promise<Ended> {
    const child = this.#spawn([HOTWARM, '-c', this.path('hotwarm.yaml'), ...args]);
    return await new Output(child).ended;
  }

  /** All processes that came of this sandbox and live. */
  processes(): readonly Seen[] {
    return processesWith(this.#mark);
  }

  load(
    options: { ratePerSecond?: number; path?: string; method?: 'GET' | 'POST' } = {},
  ): OpenLoopLoad {
    const load = new OpenLoopLoad({
      host: '127.0.0.1',
      port: this.ports.listen,
      path: '/',
      method: 'GET',
      ratePerSecond: 100,
      timeoutMs: REQUEST_TIMEOUT_MS,
      ...options,
    });
    this.#loads.push(load);
    return load;
  }

  /** The member that answers now; null: no good answer. */
  async ask(path = '/'): Promise<string | null> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.ports.listen}${path}`, {
        // One that was kept may lead to a process whose last threads are just ending.
        headers: { connection: 'close' },
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
      if (!response.ok) return null;
      const body = (await response.json()) as { readonly member: string }; // What member.mjs and the examples answer.
      return body.member;
    } catch {
      return null;
    }
  }

  get #mark(): string {
    return `${MARK}=${this.folder}`;
  }

  #spawn([program = '', ...args]: readonly string[]): ChildProcess {
    const child = spawn(program, args, {
      cwd: this.folder,
      env: { ...process.env, [MARK]: this.folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return child;
  }

  async #sweep(): Promise<void> {
    const stopped = Promise.all(this.#loads.map(async (load) => await load.stop()));
    await eventually('no process of the sandbox is left', () => {
      const left = this.processes();
      for (const { pid } of left) endByPid(pid);
      return left.length === 0;
    });
    await stopped;
    await rm(this.folder, { recursive: true, force: true });
  }
}

function memberText(port: number, { keys = '', env = {}, command }: MemberOptions = {}): string {
  const words = JSON.stringify(command ?? [process.execPath, MEMBER]);
  return `{ command: ${words}, port: ${port}, env: ${JSON.stringify(env)}${keys === '' ? '' : `, ${keys}`} }`;
}

class Output {
  out = '';
  err = '';
  readonly ended: Promise<Ended>;

  constructor(child: ChildProcess) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.out += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.err += text;
    });
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, out: this.out, err: this.err }));
    });
  }
}

/** A running `hotwarm up`. */
export class Agent {
  readonly #child: ChildProcess;
  readonly #output: Output;
  readonly #sandbox: Sandbox;

  constructor(child: ChildProcess, sandbox: Sandbox) {
    this.#child = child;
    this.#output = new Output(child);
    this.#sandbox = sandbox;
  }

  /** Its output may still be held open by processes that outlive it: see `exited`. */
  get ended(): Promise<Ended> {
    return this.#output.ended;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get exited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  get said(): string {
    return this.#output.out + this.#output.err;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async stop(): Promise<Ended> {
    this.signal('SIGTERM');
    return await this.ended;
  }

  async get(path: string): Promise<{ readonly status: number; readonly text: string } | null> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.#sandbox.ports.api}${path}`, {
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
      return { status: response.status, text: await response.text() };
    } catch {
      return null; // Not up yet, or gone.
    }
  }

  async service(): Promise<ServiceReport | null> {
    const answer = await this.get('/api/v1/status');
    if (answer?.status !== 200) return null;
    const report = JSON.parse(answer.text) as StatusReport; // The API's own document.
    return Object.values(report.services)[0] ?? null;
  }

  async incident(id: number): Promise<StoredIncident | null> {
    const answer = await this.get(`/api/v1/incidents/${id}`);
    return answer?.status === 200 ? (JSON.parse(answer.text) as StoredIncident) : null; // The API's own document.
  }

  /** The value of one metric. */
  async metric(name: string): Promise<number> {
    const text = (await this.get('/metrics'))?.text ?? '';
    const line = text
      .split('\n')
      .find((one) => one.startsWith(`${name}{`) || one.startsWith(`${name} `));
    return Number(line?.split(' ').at(-1) ?? Number.NaN);
  }

  async until(
    what: string,
    isSo: (service: ServiceReport) => boolean,
    withinMs = 20_000,
  ): Promise<ServiceReport> {
    let found: ServiceReport | null = null;
    let seen: ServiceReport | null = null;
    try {
      await eventually(
        what,
        async () => {
          if (this.exited) throw new Error(`the agent ended: ${this.said}`);
          seen = (await this.service()) ?? seen;
          if (seen !== null && isSo(seen)) found = seen;
          return found !== null;
        },
        withinMs,
      );
    } catch (error) {
      throw new Error(`${what}; last seen ${JSON.stringify(seen)}; it said\n${this.said}`, {
        cause: error,
      });
    }
    if (found === null) throw new Error(what);
    return found;
  }
}

/** The pid of a member, which must have one. */
export function pidOf(service: ServiceReport, member: string): number {
  const pid = service.members[member]?.pid;
  if (pid === null || pid === undefined)
    throw new Error(`${member} has no process: ${JSON.stringify(service)}`);
  return pid;
}
