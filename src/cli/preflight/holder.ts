import { isUnix, type ListenAddress } from '../../drivers/listen-address.ts';
import {
  listPids,
  openLinks,
  readText,
  SOCKET_STATE,
  socketLinks,
  UNIX_STATE,
  unixLinks,
} from '../../drivers/os/sockets.ts';

// Which processes listen on an address, as far as this user can see.

export type Holder = { readonly pid: number; readonly command: string };

/** A TCP port, or the path of a Unix socket. */
export type Place = number | string;

export function placeOf(address: ListenAddress): Place {
  return isUnix(address) ? address.path : address.port;
}

/**
 * The listening process of each address; none if there is none or it belongs to another user. One pass over the
 * processes finds all, newest first: on a busy host a pass is slow, and processes of an earlier agent are newer than most.
 */
export function findHolders(places: readonly Place[]): ReadonlyMap<Place, Holder> {
  const placeAt = listeningLinks(places);
  const missing = new Set(placeAt.values());
  const holders = new Map<Place, Holder>();
  for (const pid of listPids().toReversed()) {
    if (missing.size === 0) break;
    for (const link of openLinks(pid)) {
      const place = placeAt.get(link);
      if (place !== undefined && missing.delete(place))
        holders.set(place, { pid, command: commandOf(pid) });
    }
  }
  return holders;
}

function listeningLinks(places: readonly Place[]): ReadonlyMap<string, Place> {
  const ports = places.filter((place) => typeof place === 'number');
  const paths = places.filter((place) => typeof place === 'string');
  return new Map<string, Place>([
    ...socketLinks(ports, SOCKET_STATE.listening),
    ...paths.flatMap((path) =>
      unixLinks(path, UNIX_STATE.unconnected).map((link) => [link, path] as const),
    ),
  ]);
}

function commandOf(pid: number): string {
  const words = readText(`/proc/${pid}/cmdline`)
    .split('\0')
    .filter((word) => word !== '');
  return words
    .join(' ')
    .replaceAll(/\p{Cc}/gu, ' ')
    .slice(0, 80);
}
