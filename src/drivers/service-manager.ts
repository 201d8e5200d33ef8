import { execFile } from 'node:child_process';
import { AppError, systemReason } from '../errors.ts';

// The service manager that runs this process, if it asked to be told: the protocol of sd_notify(3), in which systemd
// is spoken to. Its socket takes datagrams, for which Node has no means, so systemd's program for shells sends them.
// That one ends when the manager has read them, so what is told first has its effect first.

const PROGRAM = 'systemd-notify';
const TELL_MS = 10_000;
/** Longest text of a status. */
const STATUS_MAX = 300;

type Environment = Readonly<Record<string, string | undefined>>;

export type Told = {
  readonly ready?: true;
  readonly reloading?: true;
  readonly stopping?: true;
  /** Proof of life. */
  readonly watchdog?: true;
  /** One line that the manager shows. */
  readonly status?: string;
  readonly mainPid?: number;
  /** From now on it may take so long until the start or the stop is over. */
  readonly extendMs?: number;
};

export class ServiceManager {
  /** A proof of life is due within this, ms; null: none is asked for. */
  readonly watchdogMs: number | null;
  readonly #env: Environment;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(env: Environment, pid: number) {
    this.#env = env;
    this.watchdogMs = watchdogOf(env, pid);
  }

  /** null: no manager wants notifications. */
  static of(env: Environment, pid: number): ServiceManager | null {
    const socket = env['NOTIFY_SOCKET'] ?? '';
    return socket === '' ? null : new ServiceManager(env, pid);
  }

  /** In the order of the calls; resolves when it was read. Throws AppError binaryMissing or failed. */
  async tell(told: Told): Promise<void> {
    const telling = this.#last.then(async () => await send(assignments(told), this.#env));
    this.#last = telling.catch(() => {});
    await telling;
  }
}

/** As sd_watchdog_enabled(3): it may be meant for another process. */
function watchdogOf(env: Environment, pid: number): number | null {
  const { WATCHDOG_USEC: micros = '', WATCHDOG_PID: of = '' } = env;
  if (!/^[1-9]\d{0,15}$/.test(micros)) return null;
  return of === '' || of === String(pid) ? Number(micros) / 1000 : null;
}

export function assignments(told: Told): readonly string[] {
  const { ready, reloading, stopping, watchdog, status, mainPid, extendMs } = told;
  return [
    mainPid === undefined ? null : `MAINPID=${mainPid}`,
    ready === true ? 'READY=1' : null,
    reloading === true ? 'RELOADING=1' : null,
    stopping === true ? 'STOPPING=1' : null,
    watchdog === true ? 'WATCHDOG=1' : null,
    extendMs === undefined ? null : `EXTEND_TIMEOUT_USEC=${Math.ceil(extendMs) * 1000}`,
    // A line break would begin another assignment.
    status === undefined
      ? null
      : `STATUS=${status.replaceAll(/\p{Cc}+/gu, ' ').slice(0, STATUS_MAX)}`,
  ].filter((one) => one !== null);
}

function send(words: readonly string[], env: Environment): Promise<void> {
  const options = { env, timeout: TELL_MS, killSignal: 'SIGKILL' } as const;
  return new Promise((resolve, reject) => {
    execFile(PROGRAM, words, options, (error, _out, err) => {
      if (error === null) resolve();
      else reject(notTold(error, err));
    });
  });
}

function notTold(error: Error & { readonly code?: unknown }, err: string): AppError {
  const message = {
    en: 'cannot notify the service manager that started hotwarm',
    zh: '无法通知启动 hotwarm 的服务管理器',
  };
  if (error.code === 'ENOENT') {
    const text = {
      message,
      reason: {
        en: `NOTIFY_SOCKET is set, but the program ${PROGRAM} is not installed`,
        zh: `已设置 NOTIFY_SOCKET，但没有安装程序 ${PROGRAM}`,
      },
      hint: {
        en: 'install systemd, or start hotwarm without NOTIFY_SOCKET (Type=exec in the unit)',
        zh: '安装 systemd，或不带 NOTIFY_SOCKET 启动 hotwarm（单元中设 Type=exec）',
      },
    };
    return new AppError('binaryMissing', text, { cause: error });
  }
  const text = {
    message,
    reason: systemReason(err.trim() === '' ? error : err.trim()),
    hint: {
      en: 'see systemd-notify(1); without watchdog messages the manager restarts the agent',
      zh: '参见 systemd-notify(1)；收不到看门狗消息时，服务管理器会重启 agent',
    },
  };
  return new AppError('failed', text, { cause: error });
}
