import type { TrafficEvent } from '../contract.ts';
import { ControlServer } from './control-server.ts';
import { Plane } from './plane.ts';
import { EXIT, type ProxyOptions } from './wire.ts';

// The data plane's process: one argument, its options as JSON. It binds the service's address first, so that a
// taken one is told by the exit code before anyone relies on the process, then the control socket.

/** Patience with requests under way when a signal ends the process. */
const SIGNAL_GRACE_MS = 2000;

async function run(options: ProxyOptions): Promise<void> {
  process.title = `hotwarm-proxy ${options.service}`;
  // Events come only while routes are, thus after the control server exists.
  const plane = new Plane(options, (event: TrafficEvent) => control.tell(event));
  const stop = (graceMs: number): void => {
    void plane.close(graceMs).then(() => {
      control.close();
      process.exit(0);
    });
  };
  const control = new ControlServer(options, plane, stop);
  await plane.listen();
  await control.listen();
  process.on('SIGTERM', () => stop(SIGNAL_GRACE_MS));
  process.on('SIGINT', () => stop(SIGNAL_GRACE_MS));
  process.on('SIGHUP', () => {});
}

function exitCodeOf(error: NodeJS.ErrnoException): number {
  if (error.code === 'EADDRINUSE') return EXIT.addressTaken;
  return error.code === 'EACCES' ? EXIT.notPermitted : 1;
}

const [, , argument = ''] = process.argv;
// The options come from the driver of the same version.
const options: ProxyOptions = JSON.parse(argument);
run(options).catch((error: NodeJS.ErrnoException) => {
  process.stderr.write(`${error.stack ?? error.message}\n`);
  process.exit(exitCodeOf(error));
});
