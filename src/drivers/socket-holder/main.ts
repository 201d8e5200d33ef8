import { flushCompileCache } from 'node:module';
import { SocketHolder } from './socket-holder.ts';

// The socket holder's process: one argument, the path of its control socket. It exits when it is ordered to, never by
// itself: the sockets that it holds are the services' addresses.

const [, , controlPath = ''] = process.argv;
process.title = 'hotwarm-socket-holder';
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM']) process.on(signal, () => {});
const socketHolder = new SocketHolder(controlPath, () => process.exit(0));
const open = async (): Promise<void> => {
  await socketHolder.open();
  // For the next one: this one may be killed.
  flushCompileCache();
};
open().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
});
