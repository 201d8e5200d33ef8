import { spawn, type ChildProcess } from 'node:child_process';
import { monotonicMs } from '../../clock.ts';
import { assert } from '../../core/assert.ts';
import type { ProbeAnswer } from '../../core/event.ts';
import type { Probe } from './contract.ts';
import { timedOut } from './socket-fault.ts';

// One run of the user's own check; healthy is exit code 0. It runs in a process group of its own, which is
// killed as a whole when the time is over and also after the check ended, so that nothing is left behind by
// looks that happen ten times a second. Each run costs a fork: prefer http or tcp for short intervals.
// Not guaranteed: a descendant that opened a session of its own is not found.

/** What is kept of its output, to be shown with a failure. */
const OUTPUT_LIMIT_BYTES = 1024;

type CommandProbeOptions = {
  /** Program and arguments; no shell reads them. */
  readonly command: readonly string[];
  /** Complete: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
};

export function createCommandProbe(options: CommandProbeOptions): Probe {
  const running = new Set<() => void>();
  return {
    channel: 'command',
    check: ({ timeoutMs }) => probeOnce(options, timeoutMs, running),
    close: async () => running.forEach((abandon) => abandon()),
  };
}

function probeOnce(
  options: CommandProbeOptions,
  timeoutMs: number,
  running: Set<() => void>,
): Promise<ProbeAnswer> {
  const [program, ...rest] = options.command;
  assert(program !== undefined, 'a command has at least its program');
  const sentAt = monotonicMs();
  return new Promise((resolve) => {
    const child = spawn(program, rest, {
      env: options.env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = collectOutput(child);
    let exited: ProbeAnswer | null = null;
    const end = (answer: ProbeAnswer): void => {
      clearTimeout(timer);
      running.delete(abandon);
      killGroup(child);
      child.stdout.destroy();
      child.stderr.destroy();
      resolve(answer);
    };
    const abandon = (): void => end(failed('the probe was closed'));
    const timer = setTimeout(() => end(exited ?? timedOut(timeoutMs)), timeoutMs);
    running.add(abandon);
    child.on('error', (error) => end(failed(error.message)));
    child.on('exit', (exitCode, signal) => {
      const latencyMs = monotonicMs() - sentAt;
      const how = signal === null ? `exit code ${exitCode}` : `ended by ${signal}`;
      exited = exitCode === 0 ? { ok: true, latencyMs } : failed(how);
      killGroup(child);
    });
    // After the exit, since it waits for the output to be read; other holders were killed with the group.
    child.on('close', () => {
      if (exited === null) return;
      end(exited.ok ? exited : failed([exited.detail, output()].filter(Boolean).join(': ')));
    });
  });
}

/** The beginning of what it wrote; the rest is read and dropped, so that it never blocks on a full pipe. */
function collectOutput(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      text += chunk.toString(
        'utf8',
        0,
        OUTPUT_LIMIT_BYTES - Math.min(text.length, OUTPUT_LIMIT_BYTES),
      );
    });
  }
  return () => text.trim();
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // ESRCH: all of it has ended.
  }
}

function failed(detail: string): ProbeAnswer & { ok: false } {
  return { ok: false, fault: 'commandFailed', detail };
}
