import type { ResolvedConfig } from '../../config/resolved.ts';
import type { ResolvedTraffic, Via } from '../../config/traffic/kinds.ts';
import { certificateFindings } from './certificates.ts';
import { backlogFindings, descriptorFindings } from './descriptors.ts';
import type { PreflightFinding } from './finding.ts';
import { ownerFindings } from './members.ts';

// What each `traffic.via` needs on this host.

type Asked<V extends Via> = (
  traffic: Extract<ResolvedTraffic, { readonly via: V }>,
  /** The section `traffic`. */
  where: string,
) => readonly PreflightFinding[];

const FINDINGS: { readonly [V in Via]: Asked<V> } = {
  proxy: (traffic, where) => [
    ...certificateFindings(traffic, where, new Date()),
    ...descriptorFindings(traffic, where),
  ],
  socket: (traffic, where) => [
    ...ownerFindings(`${where}.unix.owner`, traffic.access.owner),
    ...backlogFindings(traffic, where),
  ],
};

function findingsOf<V extends Via>(via: V): Asked<V> {
  return FINDINGS[via];
}

export function trafficFindings({ services }: ResolvedConfig): readonly PreflightFinding[] {
  // hotwarm does not run the data plane of an observed service.
  const acting = services.filter(({ core }) => core.mode === 'manage');
  return acting.flatMap(({ name, traffic }) =>
    findingsOf(traffic.via)(traffic, `services.${name}.traffic`),
  );
}
