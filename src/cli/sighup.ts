import { spawn } from 'node:child_process';
import type { Supervision } from './systemd-notify.ts';

// SIGHUP, from the start of the agent to its end. Of a terminal that was closed it says that nobody looks any more,
// and ends nothing: an ssh session that breaks must not cost the service its agent. From a service manager it means
// "reload": the program as it is installed now is started and takes this agent's place.

const HUNG_UP = 'SIGHUP: going on; stop with SIGTERM, upgrade with hotwarm up --replace\n';
const REPLACE = '--replace';

type HangUpOptions = {
  readonly supervision: Supervision;
  readonly err: NodeJS.WritableStream;
  /** Whether this agent is at its end: then nothing is reloaded. */
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
    const { supervision, err, isEnding } = this.#options;
    if (!supervision.isManaged) {
      err.write(HUNG_UP);
      return;
    }
    if (this.#isReloading || isEnding()) return;
    this.#isReloading = true;
    supervision.reloading();
    startSuccessor((why) => {
      this.#isReloading = false;
      if (isEnding()) return;
      err.write(`not replaced, this agent goes on: ${why}\n`);
      supervision.reloadFailed();
    });
  }
}

/** In the same unit, with the same output, environment and directory. onFailed: it ended while this agent runs. */
function startSuccessor(onFailed: (why: string) => void): void {
  const words = process.argv.slice(1);
  // The proof of life that is asked for is the successor's to give.
  const { WATCHDOG_PID: _ofThis, ...env } = process.env;
  const successor = spawn(
    process.execPath,
    [...process.execArgv, ...words, ...(words.includes(REPLACE) ? [] : [REPLACE])],
    { detached: true, stdio: 'inherit', env },
  );
  successor.once('error', (error) => onFailed(error.message));
  successor.once('exit', (code, signal) =>
    onFailed(
      code === null ? `the new one was ended by ${signal}` : `the new one ended with ${code}`,
    ),
  );
  // It outlives this agent, which must not wait for it.
  successor.unref();
}
