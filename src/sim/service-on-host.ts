import type { ServiceConfig } from '../core/config.ts';
import type { DataPlane } from './data-plane.ts';
import type { Host } from './host.ts';
import type { Member } from './member.ts';
import type { Replication } from './replication.ts';

/** One service on one host. */
export type ServiceOnHost = {
  readonly config: ServiceConfig;
  readonly host: Host;
  /** Members of all hosts. */
  readonly members: readonly Member[];
  readonly plane: DataPlane;
  /** null: stateless. */
  readonly replication: Replication | null;
  /** False: a hung process still responds to probes, through the kernel. */
  readonly probesSeeHangs: boolean;
};

export function memberAt(site: ServiceOnHost, name: string): Member {
  const member = site.members.find((candidate) => candidate.name === name);
  if (member === undefined) throw new RangeError(`${name} is no member of ${site.config.name}`);
  return member;
}

/** The members that this host's agent manages. */
export function localMembers(site: ServiceOnHost): readonly Member[] {
  return site.members.filter((member) => member.host === site.host);
}
