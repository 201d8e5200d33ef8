import type { ResolvedConfig } from '../../config/resolved.ts';
import type { PreflightFinding } from './finding.ts';
import { authorityFindings } from './certificates.ts';
import { cgroupFindings, fenceFindings, stateFindings } from './host.ts';
import { serviceFindings } from './members.ts';
import { portFindings } from './ports.ts';
import { trafficFindings } from './traffic.ts';

// Whether this machine can run a sound configuration: the same questions that the drivers will ask, asked
// before anything is started, and all at once. It changes nothing. It promises nothing either: a port that
// is free now may be taken a second later.

export async function preflight(config: ResolvedConfig): Promise<readonly PreflightFinding[]> {
  return [
    ...(await portFindings(config)),
    ...config.services.flatMap(serviceFindings),
    ...config.services.flatMap(authorityFindings),
    ...trafficFindings(config),
    ...stateFindings(config.agent.stateDir),
    ...cgroupFindings(config),
    ...fenceFindings(config),
  ];
}
