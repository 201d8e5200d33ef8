// Load and attack tools from Debian in turn, for bench/abuse.ts: what they send was thought out by others.
import { spawn, type ChildProcess } from 'node:child_process';

const TURN_SECONDS = 20;

type Tool = { readonly name: string; readonly words: readonly string[] };

/** Each ends by itself after its turn. */
function toolsAgainst(port: number): readonly Tool[] {
  const url = `http://127.0.0.1:${port}/`;
  const always = `-c 300 -r 50 -i 2 -l ${TURN_SECONDS} -p 5 -u ${url}`.split(' ');
  const slow = (...mode: readonly string[]): readonly string[] => [
    'slowhttptest',
    ...mode,
    ...always,
  ];
  const timed = ['-D', `${TURN_SECONDS}`];
  return [
    { name: 'flood (wrk)', words: ['wrk', '-t1', '-c64', `-d${TURN_SECONDS}s`, url] },
    { name: 'slow heads (slowhttptest)', words: slow('-H') },
    { name: 'flood (h2load)', words: ['h2load', '--h1', '-c64', ...timed, url] },
    { name: 'slow bodies (slowhttptest)', words: slow('-B', '-s', '65536') },
    // By prior knowledge, which is not spoken here: the preface must be refused and nothing more.
    { name: 'HTTP/2 (h2load)', words: ['h2load', '-c64', ...timed, url] },
    { name: 'slow reads (slowhttptest)', words: slow('-X', '-k', '50', '-w', '1', '-y', '2') },
    { name: 'ranges (slowhttptest)', words: slow('-R') },
  ];
}

export class AbuseTools {
  readonly #tools: readonly Tool[];
  readonly #turns = new Map<string, number>();
  #running: ChildProcess | null = null;
  #isStopped = false;

  constructor(port: number) {
    this.#tools = toolsAgainst(port);
  }

  /** One after the other, again and again, until `stop`. Rejects when one cannot be run. */
  async run(): Promise<void> {
    for (let turn = 0; !this.#isStopped; turn += 1) {
      const tool = this.#tools[turn % this.#tools.length];
      if (tool !== undefined) await this.#take(tool);
    }
  }

  /** Turns that each tool has begun. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#turns);
  }

  stop(): void {
    this.#isStopped = true;
    this.#running?.kill('SIGKILL');
  }

  async #take({ name, words: [program = '', ...args] }: Tool): Promise<void> {
    this.#turns.set(name, (this.#turns.get(name) ?? 0) + 1);
    const child = spawn(program, args, { stdio: 'ignore' });
    this.#running = child;
    const startedAt = performance.now();
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', () => resolve());
    });
    // One that is refused at once must not be started a thousand times a second.
    const restMs = TURN_SECONDS * 1000 - (performance.now() - startedAt);
    if (restMs > 0 && !this.#isStopped)
      await new Promise<void>((resolve) => {
        setTimeout(resolve, Math.min(restMs, 1000));
      });
  }
}
