import { createSocket, type Socket } from 'node:dgram';
import { existsSync, readFileSync } from 'node:fs';
import type { HostSample } from '../core/event.ts';

// The agent's look at itself: were its timers late, was it kept waiting for a CPU, was it throttled, was
// the host suspended, did the wall clock jump, does loopback still answer? An agent that is not fit must not
// judge others by their silence.

const INTERVAL_MS = 500;
/** A sample that is this overdue is taken before anything else is believed. */
const OVERDUE_MS = 25;
/** An echo that has not come back by then is lost and sent anew: one lost datagram says nothing of what comes after it. */
const ECHO_LOST_MS = 2000;
const CPU_STAT_FILES = ['/sys/fs/cgroup/cpu.stat', '/sys/fs/cgroup/cpu/cpu.stat'];

type Reading = {
  readonly at: number;
  readonly runDelayMs: number;
  readonly throttledMs: number;
  readonly wallOffsetMs: number;
  readonly bootOffsetMs: number;
};

export type HostSamplerOptions = {
  readonly now: () => number;
  readonly onSample: (sample: HostSample, at: number) => void;
};

export class HostSampler {
  readonly #options: HostSamplerOptions;
  readonly #cpuStatFile = CPU_STAT_FILES.find((file) => existsSync(file)) ?? null;
  readonly #echo: Socket;
  #echoSentAt: number | null = null;
  /** Tells a late answer to a lost echo from that to the newest. */
  #echoNumber = 0;
  #hasEcho = true;
  #echoMs: number | null = null;
  #last: Reading;
  #dueAt: number;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(options: HostSamplerOptions) {
    this.#options = options;
    this.#last = this.#read();
    this.#dueAt = options.now() + INTERVAL_MS;
    this.#echo = createSocket('udp4');
    this.#echo.on('message', (message) => {
      if (this.#echoSentAt === null || String(message) !== String(this.#echoNumber)) return;
      this.#echoMs = options.now() - this.#echoSentAt;
      this.#echoSentAt = null;
    });
    // Without the echo the other signs remain.
    this.#echo.on('error', () => this.#closeEcho());
    this.#echo.bind(0, '127.0.0.1');
    this.#echo.unref();
  }

  start(): void {
    this.#arm();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#closeEcho();
  }

  /** To be called before any event is believed: after a pause of our own the sample must come first. */
  catchUp(): void {
    if (this.#options.now() >= this.#dueAt + OVERDUE_MS) this.#sample();
  }

  #arm(): void {
    // A sample may have been what stopped it.
    if (this.#stopped) return;
    this.#timer = setTimeout(
      () => {
        if (this.#options.now() >= this.#dueAt) this.#sample();
        this.#arm();
      },
      Math.max(0, this.#dueAt - this.#options.now()),
    );
    this.#timer.unref();
  }

  #sample(): void {
    const reading = this.#read();
    const sample: HostSample = {
      lateMs: Math.max(0, reading.at - this.#dueAt),
      runDelayMs: Math.max(0, reading.runDelayMs - this.#last.runDelayMs),
      throttledMs: Math.max(0, reading.throttledMs - this.#last.throttledMs),
      wallStepMs: reading.wallOffsetMs - this.#last.wallOffsetMs,
      suspendedMs: Math.max(0, reading.bootOffsetMs - this.#last.bootOffsetMs),
      echoMs: this.#takeEcho(reading.at),
    };
    this.#last = reading;
    this.#dueAt = reading.at + INTERVAL_MS;
    this.#options.onSample(sample, reading.at);
  }

  /** The round trip since the last sample; one that is still missing counts with the time it has taken so far. */
  #takeEcho(at: number): number | null {
    const echoMs = this.#echoMs ?? (this.#echoSentAt === null ? null : at - this.#echoSentAt);
    this.#echoMs = null;
    if (this.#echoSentAt === null || at - this.#echoSentAt >= ECHO_LOST_MS) this.#sendEcho();
    return echoMs;
  }

  #sendEcho(): void {
    try {
      const { port } = this.#echo.address();
      this.#echoSentAt = this.#options.now();
      this.#echoNumber += 1;
      this.#echo.send(String(this.#echoNumber), port, '127.0.0.1');
    } catch {
      this.#echoSentAt = null; // Not bound yet, or closed.
    }
  }

  /** Twice would throw. */
  #closeEcho(): void {
    if (!this.#hasEcho) return;
    this.#hasEcho = false;
    this.#echoSentAt = null;
    this.#echo.close();
  }

  #read(): Reading {
    const at = this.#options.now();
    return {
      at,
      runDelayMs: runDelayMs(),
      throttledMs: this.#cpuStatFile === null ? 0 : throttledMs(this.#cpuStatFile),
      wallOffsetMs: Date.now() - at,
      bootOffsetMs: uptimeMs() - at,
    };
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
