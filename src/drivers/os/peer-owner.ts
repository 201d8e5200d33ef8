import { readFile } from 'node:fs/promises';
import { isIPv4, type Socket } from 'node:net';
import { endianness } from 'node:os';

// Which user owns the other end of a loopback connection: /proc/net/tcp has the user of every socket of this network
// namespace, see proc_net(5).

type End = { readonly address: string; readonly port: number };
export type Connection = { readonly client: End; readonly server: End };

const ATTEMPTS = 3;
const TABLES = ['/proc/net/tcp', '/proc/net/tcp6'] as const;

/** null: it is no loopback connection, or is closed. */
export function loopbackConnection(socket: Socket): Connection | null {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  if (remoteAddress === undefined || remotePort === undefined) return null;
  if (localAddress === undefined || localPort === undefined) return null;
  return {
    client: { address: remoteAddress, port: remotePort },
    server: { address: localAddress, port: localPort },
  };
}

/**
 * The user ID of the client; null: not proved. Two equal readings are needed. The kernel shows a socket that its process
 * has closed as one of root, without an inode: a single reading could catch it half closed. A reading can also miss a
 * row, because the table changes while it is read.
 */
export async function peerOwner(
  connection: Connection,
  readTables: () => Promise<readonly string[]> = readSocketTables,
): Promise<number | null> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const first = findOwner(await readTables(), connection);
    const second = findOwner(await readTables(), connection);
    if (first !== null && second !== null && first.inode === second.inode) {
      return first.uid === second.uid ? first.uid : null;
    }
  }
  return null;
}

async function readSocketTables(): Promise<readonly string[]> {
  return await Promise.all(
    TABLES.map(async (file) => await readFile(file, 'utf8').catch(() => '')),
  );
}

type Owner = { readonly uid: number; readonly inode: number };

/** The client's own socket: its local address is the one that the server sees as remote. */
function findOwner(tables: readonly string[], { client, server }: Connection): Owner | null {
  const from = tableEnds(client);
  const to = tableEnds(server);
  for (const table of tables) {
    for (const [index, end] of from.entries()) {
      const row = table.indexOf(` ${end} ${to[index]} 01 `);
      if (row === -1) continue;
      const fields = table.slice(row + 1, table.indexOf('\n', row)).split(/\s+/);
      const owner = { uid: Number(fields[6]), inode: Number(fields[8]) };
      if (Number.isInteger(owner.uid) && owner.inode > 0) return owner;
    }
  }
  return null;
}

/** As /proc/net/tcp and, for a client with an IPv6 socket, /proc/net/tcp6 show it; none for other than loopback. */
function tableEnds({ address, port }: End): readonly string[] {
  const shownPort = port.toString(16).toUpperCase().padStart(4, '0');
  return tableAddresses(address).map((shown) => `${shown}:${shownPort}`);
}

function tableAddresses(address: string): readonly string[] {
  if (address === '::1') return [words([...Array.from({ length: 15 }, () => 0), 1])];
  const plain = address.replace(/^::ffff:/i, '');
  if (!isIPv4(plain) || !plain.startsWith('127.')) return [];
  const bytes = plain.split('.').map(Number);
  const mapped = [...Array.from({ length: 10 }, () => 0), 0xff, 0xff, ...bytes];
  return [words(bytes), words(mapped)];
}

/** The kernel prints an address as numbers of 32 bits in the byte order of the host. */
function words(bytes: readonly number[]): string {
  const buffer = Buffer.from(bytes);
  if (endianness() === 'LE') buffer.swap32();
  return buffer.toString('hex').toUpperCase();
}
