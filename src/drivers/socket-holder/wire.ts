import type { ListenAddress, UnixAccess } from '../listen-address.ts';
import type { SpawnExit, SpawnOrder } from '../member/process/spawner.ts';
import type { Identity } from '../os/proc.ts';

// What the agent and the socket holder say to each other by control/protocol.ts.
// The key of a socket is the name of its service, or begins with that name and a slash.

/** Grows with every change that an older partner would misunderstand. */
export const SOCKET_HOLDER_PROTOCOL = 4;

export type SocketHolderOrder =
  /** Binds and listens, unless a socket of that key does already at the same place. */
  | { readonly type: 'listen'; readonly key: string; readonly at: ListenAt }
  | { readonly type: 'release'; readonly key: string }
  /** Releases every socket but these. */
  | { readonly type: 'retain'; readonly keys: readonly string[] }
  | { readonly type: 'spawn'; readonly order: SpawnOrder }
  | { readonly type: 'go'; readonly pid: number }
  | { readonly type: 'stop' };

export type ListenAt = {
  readonly address: ListenAddress;
  readonly backlog: number;
  /** Of a Unix socket; null: as the file system has it. */
  readonly access: UnixAccess | null;
};

export type SocketHolderAnswer =
  | { readonly type: 'done' }
  | { readonly type: 'spawned'; readonly main: Identity; readonly init: Identity | null };

export type SocketHolderEvent = {
  readonly type: 'exited';
  readonly pid: number;
  readonly exit: SpawnExit;
};
