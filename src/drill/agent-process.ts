import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { AgentEvent, StoredIncident } from '../agent/contract.ts';
import type { StatusReport, ServiceReport } from '../api/status.ts';
import type { Text } from '../core/describe/language.ts';
import { AppError } from '../errors.ts';

// An agent in a process of its own, as a user would run it, seen only through what a user sees: its
// output and its API. The demo and the benches drive it.

const POLL_MS = 10;
const STOP_MS = 20_000;

export class AgentProcess {
  readonly #child: ChildProcess;
  readonly #api: string;
  #errors = '';

  constructor(options: {
    config: string;
    api: { host: string; port: number };
    onEvent: (event: AgentEvent) => void;
  }) {
    const main = fileURLToPath(
      new URL(
        import.meta.url.endsWith('.ts') ? '../cli/main.ts' : '../cli/main.js',
        import.meta.url,
      ),
    );
    this.#api = `http://${options.api.host}:${options.api.port}`;
    this.#child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', main, 'up', '-c', options.config, '--json'],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const { stdout, stderr } = this.#child;
    if (stdout !== null) {
      // Each line is one event, as `up --json` prints it.
      createInterface({ input: stdout }).on('line', (line) => {
        const event: AgentEvent = JSON.parse(line);
        options.onEvent(event);
      });
    }
    stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-4096);
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async service(name: string): Promise<ServiceReport | null> {
    const text = await this.#read('/api/v1/status');
    if (text === null) return null;
    const report: StatusReport = JSON.parse(text);
    return report.services[name] ?? null;
  }

  async incident(id: number): Promise<StoredIncident | null> {
    const text = await this.#read(`/api/v1/incidents/${id}`);
    if (text === null) return null;
    const incident: StoredIncident = JSON.parse(text);
    return incident;
  }

  /** Waits until the service is as asked; throws when it is not in time or the agent ended. */
  async until(
    name: string,
    what: string,
    isSo: (service: ServiceReport) => boolean,
    withinMs: number,
  ): Promise<ServiceReport> {
    const deadline = performance.now() + withinMs;
    while (performance.now() < deadline) {
      if (this.#child.exitCode !== null)
        throw this.#failed({
          en: `the agent exited: ${this.#errors.trim()}`,
          zh: `agent 已退出：${this.#errors.trim()}`,
        });
      const service = await this.service(name);
      if (service !== null && isSo(service)) return service;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    throw this.#failed({
      en: `${what} did not happen within ${withinMs} ms`,
      zh: `${withinMs} ms 内未达到预期状态（${what}）`,
    });
  }

  /** SIGKILL to the agent alone. Resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit', { signal: AbortSignal.timeout(STOP_MS) });
    this.#child.kill('SIGKILL');
    await exited;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit', { signal: AbortSignal.timeout(STOP_MS) });
    this.#child.kill('SIGTERM');
    await exited;
  }

  async #read(path: string): Promise<string | null> {
    try {
      const response = await fetch(`${this.#api}${path}`);
      return response.ok ? await response.text() : null;
    } catch {
      return null; // Not up yet, or gone: the caller waits or finds out.
    }
  }

  #failed(reason: Text): AppError {
    return new AppError('failed', {
      message: { en: 'the drill could not continue', zh: '演练无法继续' },
      reason,
      hint: {
        en: 'run hotwarm up with the same configuration and read its output',
        zh: '用同一配置运行 hotwarm up，查看其输出',
      },
    });
  }
}

/** Both members ready and one of them serving: nothing is left of the last fault. */
export function isWhole(service: ServiceReport): boolean {
  const members = Object.values(service.members);
  return (
    service.active !== null &&
    ['steady', 'observing'].includes(service.phase) &&
    members.every((member) => member.ready)
  );
}
