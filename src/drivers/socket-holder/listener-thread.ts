import { createServer, type Server } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import type { ListenAt } from './wire.ts';

// The thread of one Listener: see there.

/** Node does not document the descriptor of a server; it is what a member is to inherit. */
function descriptorOf(server: Server): number {
  const handle: unknown = Reflect.get(server, '_handle');
  const fd: unknown =
    typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : -1;
  return typeof fd === 'number' ? fd : -1;
}

const { address, backlog }: ListenAt = workerData;
const server = createServer();
server.on('error', (error: NodeJS.ErrnoException) => {
  parentPort?.postMessage({ error: error.code ?? error.message }, []);
});
server.listen({ ...address, backlog, exclusive: true }, () => {
  const fd = descriptorOf(server);
  parentPort?.postMessage(fd < 0 ? { error: 'the server shows no descriptor' } : { fd }, []);
  // Never back to the event loop, which would accept.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});
