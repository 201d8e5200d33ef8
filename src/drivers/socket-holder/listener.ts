import { spawnSync } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { DriverError } from '../driver-error.ts';
import { isUnix } from '../listen-address.ts';
import { makeBlocking } from '../member/process/blocking.ts';
import { clearPath, grantAccess } from './unix-path.ts';
import type { ListenAt } from './wire.ts';

// A listening socket that this process never accepts on. Node offers no such thing: a server that listens is polled, and
// what is polled is accepted. So the server lives in a thread that blocks for good in the very turn in which it
// began to listen, before it could poll; descriptors belong to the whole process, so this one hands it to the
// members. Connections wait in the kernel's backlog meanwhile.
// Every listen(2) of a member sets the backlog of the shared socket again, to 511 where it is a Node server that
// names none. Node sets O_NONBLOCK on the description that all holders share. It is cleared here, as accept(2) of
// a plain program would fail otherwise; servers with an event loop set it again for all.

const LISTEN_WITHIN_MS = 5000;
/** Enough for a thread that runs one server and then sleeps. */
const THREAD_LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 };

type Report = { readonly fd: number } | { readonly error: string };

export class Listener {
  #at: ListenAt;
  readonly fd: number;
  readonly #thread: Worker;

  private constructor(at: ListenAt, fd: number, thread: Worker) {
    this.#at = at;
    this.fd = fd;
    this.#thread = thread;
  }

  get at(): ListenAt {
    return this.#at;
  }

  /** Throws DriverError. */
  static async open(at: ListenAt): Promise<Listener> {
    const { address, access } = at;
    if (isUnix(address)) await clearPath(address.path);
    const own = fileURLToPath(import.meta.url);
    const entry = new URL(`./listener-thread${extname(own)}`, import.meta.url);
    const thread = new Worker(entry, { workerData: at, resourceLimits: THREAD_LIMITS });
    thread.unref();
    const report = await new Promise<Report>((resolve) => {
      const timer = setTimeout(() => resolve({ error: 'ETIMEDOUT' }), LISTEN_WITHIN_MS);
      const settle = (outcome: Report): void => {
        clearTimeout(timer);
        resolve(outcome);
      };
      thread.once('message', settle);
      thread.once('error', (error) => settle({ error: String(error) }));
    });
    if ('error' in report) {
      await thread.terminate();
      throw refusal(at, report.error);
    }
    makeBlocking(report.fd);
    const listener = new Listener(at, report.fd, thread);
    try {
      if (isUnix(address) && access !== null) grantAccess(address.path, access);
    } catch (error) {
      await listener.close();
      throw error;
    }
    return listener;
  }

  /** The same socket with another backlog or access: members hold it, so there cannot be a new one in its place. */
  adjust(at: ListenAt): void {
    const { address, backlog, access } = at;
    if (backlog !== this.#at.backlog) setBacklog(this.fd, backlog);
    if (isUnix(address) && access !== null) grantAccess(address.path, access);
    this.#at = at;
  }

  /** Lets go of the socket; libuv removes the path of one that has it. It listens on for as long as a member holds it. */
  async close(): Promise<void> {
    await this.#thread.terminate();
  }
}

/** Only listen(2) sets it, and a process that calls it would also accept; so one calls it that exits in the same turn. */
function setBacklog(fd: number, backlog: number): void {
  const text = `require('node:net').createServer().listen({ fd: 3 }, ${backlog}); process.exit(0)`;
  const { status } = spawnSync(process.execPath, ['-e', text], {
    stdio: ['ignore', 'ignore', 'ignore', fd],
  });
  if (status !== 0) throw new DriverError('driverFailed', 'the backlog could not be changed');
}

function refusal({ address }: ListenAt, code: string): DriverError {
  const where = isUnix(address) ? address.path : `${address.host}:${address.port}`;
  if (code === 'EADDRINUSE')
    return new DriverError('portTaken', `another process listens on ${where}`);
  if (code === 'EACCES')
    return new DriverError('permission', `not permitted to listen on ${where}`);
  return new DriverError('driverFailed', `cannot listen on ${where}: ${code}`);
}
