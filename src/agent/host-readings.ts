import { createSocket, type Socket } from 'node:dgram';
import { existsSync, readFileSync } from 'node:fs';
import type { HostReading, HostReadings } from '../runtime/host-sampler.ts';

// Where the agent's look at itself gets its numbers from: /proc, the cgroup, the wall clock and a datagram that it sends to
// itself.

/** An echo that has not come back by then is lost and sent again: one lost datagram does not affect the next. */
const ECHO_LOST_MS = 2000;
const CPU_STAT_FILES = ['/sys/fs/cgroup/cpu.stat', '/sys/fs/cgroup/cpu/cpu.stat'];

export class LinuxReadings implements HostReadings {
  readonly #now: () => number;
  readonly #cpuStatFile = CPU_STAT_FILES.find((file) => existsSync(file)) ?? null;
  readonly #echo: Socket;
  #echoSentAt: number | null = null;
  /** Tells a late answer to a lost echo from that to the newest. */
  #echoNumber = 0;
  #hasEcho = true;
  #echoMs: number | null = null;

  constructor(now: () => number) {
    this.#now = now;
    this.#echo = createSocket('udp4');
    this.#echo.on('message', (message) => {
      if (this.#echoSentAt === null || String(message) !== String(this.#echoNumber)) return;
      this.#echoMs = now() - this.#echoSentAt;
      this.#echoSentAt = null;
    });
    // Without the echo the other signs remain.
    this.#echo.on('error', () => this.close());
    this.#echo.bind(0, '127.0.0.1');
    this.#echo.unref();
  }

  read(at: number): HostReading {
    return {
      runDelayMs: runDelayMs(),
      throttledMs: this.#cpuStatFile === null ? 0 : throttledMs(this.#cpuStatFile),
      wallOffsetMs: Date.now() - at,
      bootOffsetMs: uptimeMs() - at,
    };
  }

  /** A round trip that is still missing counts with the time it has taken so far. */
  takeEcho(at: number): number | null {
    const echoMs = this.#echoMs ?? (this.#echoSentAt === null ? null : at - this.#echoSentAt);
    this.#echoMs = null;
    if (this.#echoSentAt === null || at - this.#echoSentAt >= ECHO_LOST_MS) this.#sendEcho();
    return echoMs;
  }

  /** Twice would throw. */
  close(): void {
    if (!this.#hasEcho) return;
    this.#hasEcho = false;
    this.#echoSentAt = null;
    this.#echo.close();
  }

  #sendEcho(): void {
    try {
      const { port } = this.#echo.address();
      this.#echoSentAt = this.#now();
      this.#echoNumber += 1;
      this.#echo.send(String(this.#echoNumber), port, '127.0.0.1');
    } catch {
      this.#echoSentAt = null; // Not bound yet, or closed.
    }
  }
}

/** Time this process was runnable but had no CPU. */
function runDelayMs(): number {
  const [, delayNs] = readText('/proc/self/schedstat').split(' ');
  return Number(delayNs ?? 0) / 1e6;
}

function throttledMs(file: string): number {
  const text = readText(file);
  const micro = /^throttled_usec (\d+)/m.exec(text)?.[1];
  if (micro !== undefined) return Number(micro) / 1e3;
  return Number(/^throttled_time (\d+)/m.exec(text)?.[1] ?? 0) / 1e6;
}

/** Time since boot, suspends included, to 10 ms. */
function uptimeMs(): number {
  return Number(readText('/proc/uptime').split(' ')[0] ?? 0) * 1000;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // Not every kernel has every file; its sign is then missing.
  }
}
