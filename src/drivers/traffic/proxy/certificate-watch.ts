import { statSync } from 'node:fs';
import { readPair, type Pair } from '../certificate.ts';
import type { ClientTls } from '../contract.ts';

// Events that the certificate files were replaced. They are looked at and not watched, as a name may come to mean
// another file in ways that a watch does not see (links of certificate clients and of mounted secrets). Two files
// cannot change at once, so a pair that does not fit is reported only if it is still so at the next check.

const CHECK_INTERVAL_MS = 1000;

export class CertificateWatch {
  readonly #files: ClientTls;
  readonly #onPair: (pair: Pair) => void;
  readonly #onFault: (file: string, fault: string) => void;
  readonly #timer: NodeJS.Timeout;
  /** Of the files last dealt with, and of the last look. */
  #settled: string;
  #seen: string;

  constructor(
    files: ClientTls,
    handlers: {
      readonly onPair: (pair: Pair) => void;
      /** The files were replaced by something that cannot be used. */
      readonly onFault: (file: string, fault: string) => void;
    },
  ) {
    this.#files = files;
    this.#onPair = handlers.onPair;
    this.#onFault = handlers.onFault;
    this.#settled = signatureOf(files);
    this.#seen = this.#settled;
    this.#timer = setInterval(() => this.#check(), CHECK_INTERVAL_MS);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #check(): void {
    const signature = signatureOf(this.#files);
    const stood = signature === this.#seen;
    this.#seen = signature;
    if (signature === this.#settled) return;
    const reading = readPair(this.#files, new Date());
    if (reading.ok) this.#onPair(reading.pair);
    else if (stood) this.#onFault(reading.file, reading.detail.en);
    else return;
    this.#settled = signature;
  }
}

function signatureOf({ certFile, keyFile }: ClientTls): string {
  return [certFile, keyFile].map(stateOf).join(' ');
}

function stateOf(file: string): string {
  const stat = statSync(file, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? 'none' : `${stat.ino}/${stat.size}/${stat.mtimeNs}/${stat.ctimeNs}`;
}
