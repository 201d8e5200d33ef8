import { flushCompileCache } from 'node:module';
import { Keeper } from './keeper.ts';

// The keeper's process: one argument, the path of its control socket. It ends when it is told to, never by
// itself: the sockets that it holds are the services' addresses.

const [, , controlPath = ''] = process.argv;
process.title = 'hotwarm-keeper';
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM']) process.on(signal, () => {});
const keeper = new Keeper(controlPath, () => process.exit(0));
const open = async (): Promise<void> => {
  await keeper.open();
  // For the next one: this one may be killed.
  flushCompileCache();
};
open().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
});
