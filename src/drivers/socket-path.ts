import { openSync, rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { join } from 'node:path';

/** sun_path holds 108 bytes with its end mark. */
const MAX_SOCKET_PATH_BYTES = 107;

/** A path that is too long for a socket's address is reached through a descriptor of its directory. */
export function socketPath(directory: string, name: string): string {
  const path = join(directory, name);
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES) return path;
  return `/proc/${process.pid}/fd/${openSync(directory, 'r')}/${name}`;
}

/** Listens there in place of whatever was left; usable by this user only, from the moment it exists. */
export function listenPrivately(server: Server, path: string): Promise<void> {
  rmSync(path, { force: true });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', resolve);
    // The path is bound before listen() returns.
    const umask = process.umask(0o177);
    server.listen(path);
    process.umask(umask);
  });
}
