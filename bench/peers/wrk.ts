import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SCRIPT = fileURLToPath(new URL('wrk.lua', import.meta.url));

export type WrkResult = {
  readonly requests: number;
  readonly durationUs: number;
  readonly failed: number;
  readonly p50Us: number;
  readonly p99Us: number;
};

/** Runs wrk with one thread. `thinkMs` 0: as fast as answers come. `core` null: wherever the kernel puts it. */
export async function runWrk(options: {
  readonly port: number;
  readonly path: string;
  readonly seconds: number;
  readonly connections: number;
  readonly thinkMs: number;
  readonly core: number | null;
}): Promise<WrkResult> {
  const { port, path, seconds, connections, thinkMs, core } = options;
  const pinned = core === null ? [] : ['taskset', '-c', String(core)];
  const command = [...pinned, 'wrk'];
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', SCRIPT];
  const { stdout } = await promisify(execFile)(
    'env',
    [...command, ...args, `http://127.0.0.1:${port}${path}`],
    { env: { ...process.env, THINK_MS: String(thinkMs) }, timeout: (seconds + 20) * 1000 },
  );
  // The script's line is the last one.
  const result: WrkResult = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  return result;
}
