import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/**
 * Below Linux's default range of ephemeral ports (32768–60999, ip_local_port_range): a port that the kernel
 * hands out itself may belong to an outgoing connection before its owner listens on it.
 */
const PORTS = { from: 10_240, before: 32_768 };
/** Tries for one port; with half of the range taken, all of them fail once in 10¹⁵ times. */
const TRIES = 50;

/** Ports of 127.0.0.1 that were free a moment ago; held all at once, so that no two are the same. */
export async function findFreePorts(count: number): Promise<readonly number[]> {
  const held: { readonly port: number; readonly server: Server }[] = [];
  try {
    for (let i = 0; i < count; i += 1) held.push(await holdFreePort());
    return held.map(({ port }) => port);
  } finally {
    await Promise.all(held.map(({ server }) => once(server.close(), 'close')));
  }
}

async function holdFreePort(): Promise<{ readonly port: number; readonly server: Server }> {
  let refusal: unknown;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = randomInt(PORTS.from, PORTS.before);
    const server = createServer().listen(port, '127.0.0.1');
    try {
      await once(server, 'listening');
      return { port, server };
    } catch (error) {
      refusal = error;
    }
  }
  throw new Error(`no free port among ${TRIES} of 127.0.0.1`, { cause: refusal });
}
