import type { ServiceConfig } from '../core/config.ts';
import type { DataPlane } from './data-plane.ts';
import type { Host } from './host.ts';
import type { Member } from './member.ts';
import type { Replication } from './replication.ts';

/** One service as one host's agent meets it. */
export type ServiceOnHost = {
  readonly config: ServiceConfig;
  readonly host: Host;
  /** Of all hosts. */
  readonly members: readonly Member[];
  readonly plane: DataPlane;
  /** null: stateless. */
  readonly replication: Replication | null;
  /** False: the kernel answers probes for a process that hangs. */
  readonly probesSeeHangs: boolean;
};

export function memberAt(site: ServiceOnHost, name: string): Member {
  const member = site.members.find((candidate) => candidate.name === name);
  if (member === undefined) throw new RangeError(`${name} is no member of ${site.config.name}`);
  return member;
}

/** Those that this host's agent starts and ends. */
export function localMembers(site: ServiceOnHost): readonly Member[] {
  return site.members.filter((member) => member.host === site.host);
}
