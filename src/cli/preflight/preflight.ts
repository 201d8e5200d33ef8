import type { ResolvedConfig } from '../../config/resolved.ts';
import type { PreflightFinding } from './finding.ts';
import { authorityFindings } from './certificates.ts';
import { cgroupFindings, fenceFindings, stateFindings } from './host.ts';
import { serviceFindings } from './members.ts';
import { portFindings } from './ports.ts';
import { trafficFindings } from './traffic.ts';

// Whether this host can run a valid configuration: the checks of the drivers, all at once and before anything is started.
// They change nothing and guarantee nothing: a port that is free now can be taken a second later.

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
