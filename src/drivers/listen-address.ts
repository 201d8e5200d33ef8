// Where a service may listen: at a TCP port or at a path of the file system.

type UnixAddress = { readonly path: string };

export type ListenAddress = { readonly host: string; readonly port: number } | UnixAddress;

/** One address of a service; the name is what its members see in LISTEN_FDNAMES. */
export type NamedListener = { readonly name: string; readonly address: ListenAddress };

export function isUnix(address: ListenAddress): address is UnixAddress {
  return 'path' in address;
}

/** Who may connect to a Unix socket. */
export type UnixAccess = {
  /** As of chmod(1), 0o660. */
  readonly mode: number;
  /** null: the agent's own user. */
  readonly owner: { readonly uid: number; readonly gid: number } | null;
};
