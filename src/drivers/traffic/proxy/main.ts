import { flushCompileCache } from 'node:module';
import type { ClientTls } from '../contract.ts';
import { readPair, type Pair } from '../certificate.ts';
import { CertificateWatch } from './certificate-watch.ts';
import { serveControl } from './control.ts';
import { ProxyWorker } from './proxy-worker.ts';
import { EXIT, type ProxyEvent, type ProxyOptions } from './wire.ts';

// A process of the data plane: one argument, its options as JSON, and the service's listening socket as an inherited
// descriptor. It accepts from the start: requests that come before the first route are held.

/** Time for in-flight requests when a signal ends the process. */
const SIGNAL_GRACE_MS = 2000;

async function run(options: ProxyOptions): Promise<void> {
  process.title = `hotwarm-proxy ${options.service} ${options.process}`;
  // Events come only while routes are, thus after the control server exists.
  const tell = (event: ProxyEvent): void => control.tell(event);
  const worker = new ProxyWorker(options, options.tls === null ? null : pairOf(options.tls), tell);
  const stop = (graceMs: number): void => {
    void worker
      .close(graceMs)
      .then(async () => await control.close())
      .then(() => process.exit(0));
  };
  const control = serveControl(options, worker, stop);
  await worker.listen();
  await control.listen();
  if (options.tls !== null) watchCertificate(options.tls, worker, tell);
  process.on('SIGTERM', () => stop(SIGNAL_GRACE_MS));
  process.on('SIGINT', () => stop(SIGNAL_GRACE_MS));
  process.on('SIGHUP', () => {});
  // For the next one: this one may be killed.
  flushCompileCache();
}

class CertificateError extends Error {}

/** One that only ran out is used all the same: some clients do not mind, and all of them would mind nothing at all. */
function pairOf(files: ClientTls): Pair {
  const reading = readPair(files, new Date());
  if (reading.ok) return reading.pair;
  log(`${reading.file}: ${reading.detail.en}`);
  if (reading.pair === null) throw new CertificateError(`${reading.file}: ${reading.detail.en}`);
  return reading.pair;
}

function watchCertificate(
  files: ClientTls,
  worker: ProxyWorker,
  tell: (event: ProxyEvent) => void,
): void {
  const watch = new CertificateWatch(files, {
    onPair: (pair) => {
      worker.use(pair);
      log(`${files.certFile}: the new certificate is in use`);
      tell({ type: 'certificate', file: files.certFile, fault: null });
    },
    onFault: (file, fault) => {
      log(`${file}: ${fault}; the certificate in use stays`);
      tell({ type: 'certificate', file, fault });
    },
  });
  process.once('exit', () => watch.close());
}

/** To the file of the process. */
function log(line: string): void {
  process.stderr.write(`${new Date().toISOString()} ${line}\n`);
}

const [, , argument = ''] = process.argv;
// The options come from the driver of the same version.
const options: ProxyOptions = JSON.parse(argument);
run(options).catch((error: Error) => {
  process.stderr.write(`${error.stack ?? error.message}\n`);
  process.exit(error instanceof CertificateError ? EXIT.certificateUnfit : 1);
});
