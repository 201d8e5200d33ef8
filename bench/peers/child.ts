import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

// A program that a bench starts and ends. The kernel ends it too when the bench dies before it could.

const END_WITHIN_MS = 5000;
const OUTPUT_MAX = 4096;

export class Child {
  readonly #child: ChildProcess;
  readonly #name: string;
  #output = '';

  constructor(command: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#name = command.slice(0, 2).join(' ');
    this.#child = spawn('setpriv', ['--pdeathsig', 'TERM', ...command], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...env },
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#output = (this.#output + text).slice(-OUTPUT_MAX);
    });
    this.#child.on('error', (error) => {
      this.#output += error.message;
    });
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error(`${this.#name} did not start: ${this.#output}`);
    return pid;
  }

  get #hasEnded(): boolean {
    const { pid, exitCode, signalCode } = this.#child;
    return pid === undefined || exitCode !== null || signalCode !== null;
  }

  /** Polls until it is so; throws when the program has ended or the time is over. */
  async until(isSo: () => Promise<boolean>, withinMs: number): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (!(await isSo())) {
      if (this.#hasEnded) throw new Error(`${this.#name} ended: ${this.#output}`);
      if (performance.now() > deadline)
        throw new Error(`${this.#name} was not ready in ${withinMs} ms: ${this.#output}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** SIGKILL also ends what was stopped. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.#hasEnded) return;
    const exited = once(this.#child, 'exit', { signal: AbortSignal.timeout(END_WITHIN_MS) });
    this.#child.kill(signal);
    await exited;
  }
}

/** Body of a complete answer with status 2xx; null: there was none. */
export async function ask(port: number, path: string): Promise<string | null> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      headers: { connection: 'close' },
      signal: AbortSignal.timeout(1000),
    });
    return response.ok ? await response.text() : null;
  } catch {
    return null;
  }
}
