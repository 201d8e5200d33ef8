import { spawn } from 'node:child_process';
import type { Locale, Text } from '../core/describe/language.ts';
import { systemReason } from '../errors.ts';
import type { Supervision } from './systemd-notify.ts';

// SIGHUP. When a terminal closes, the agent keeps running: a lost ssh session must not stop it. From a service manager
// SIGHUP means "reload": the installed version of the program starts and replaces this agent.

const HUNG_UP: Text = {
  en: 'SIGHUP: still running; stop with SIGTERM, upgrade with: hotwarm up --replace',
  zh: 'SIGHUP：继续运行；用 SIGTERM 停止，用 hotwarm up --replace 升级',
};
const REPLACE = '--replace';

type HangUpOptions = {
  readonly supervision: Supervision;
  readonly err: NodeJS.WritableStream;
  readonly locale: Locale;
  /** Whether this agent is stopping: then it does not reload. */
  readonly isEnding: () => boolean;
};

export class HangUps {
  readonly #options: HangUpOptions;
  #isReloading = false;
  readonly #onSignal = (): void => this.#answer();

  constructor(options: HangUpOptions) {
    this.#options = options;
    process.on('SIGHUP', this.#onSignal);
  }

  close(): void {
    process.off('SIGHUP', this.#onSignal);
  }

  #answer(): void {
    const { supervision, err, locale, isEnding } = this.#options;
    if (!supervision.isManaged) {
      err.write(`${HUNG_UP[locale]}\n`);
      return;
    }
    if (this.#isReloading || isEnding()) return;
    this.#isReloading = true;
    supervision.reloading();
    startSuccessor((why) => {
      this.#isReloading = false;
      if (isEnding()) return;
      const text = {
        en: `replacement failed, this agent keeps running: ${why.en}`,
        zh: `替换失败，当前 agent 继续运行：${why.zh}`,
      };
      err.write(`${text[locale]}\n`);
      supervision.reloadFailed();
    });
  }
}

/** In the same unit, with the same output, environment and directory. onFailed: it exited while this agent runs. */
function startSuccessor(onFailed: (why: Text) => void): void {
  const words = process.argv.slice(1);
  // The watchdog messages are now due from the successor.
  const { WATCHDOG_PID: _ofThis, ...env } = process.env;
  const successor = spawn(
    process.execPath,
    [...process.execArgv, ...words, ...(words.includes(REPLACE) ? [] : [REPLACE])],
    { detached: true, stdio: 'inherit', env },
  );
  successor.once('error', (error) => onFailed(systemReason(error)));
  successor.once('exit', (code, signal) =>
    onFailed(
      code === null
        ? { en: `the new agent was killed by ${signal}`, zh: `新的 agent 被 ${signal} 终止` }
        : { en: `the new agent exited with code ${code}`, zh: `新的 agent 以代码 ${code} 退出` },
    ),
  );
  // The successor outlives this agent, which must not wait for it.
  successor.unref();
}
