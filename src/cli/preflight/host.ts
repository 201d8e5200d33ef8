import { accessSync, constants, existsSync, statSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ResolvedConfig } from '../../config/resolved.ts';
import { formatSize } from '../../config/units.ts';
import { findCgroupMounts } from '../../drivers/member/process/cgroup-mounts.ts';
import { canFreeze, openCgroup, removeCgroup } from '../../drivers/member/process/cgroup.ts';
import type { PreflightFinding } from './finding.ts';

/** The journal is bounded well below this. */
const DISK_FREE_MIN_BYTES = 64 * 1024 * 1024;

/** Whether the state directory can be made or written. */
export function stateFindings(stateDir: string): PreflightFinding[] {
  const where = 'agent.state';
  let existing = stateDir;
  while (!existsSync(existing)) existing = dirname(existing);
  try {
    if (!statSync(existing).isDirectory()) throw new Error('it is not a directory');
    accessSync(existing, constants.W_OK | constants.X_OK);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const what = `${existing} cannot be written: ${why}`;
    const todo = 'mend its permissions, or set agent.state to a directory of this user';
    return [{ level: 'fault', code: 'stateUnusable', where, what, todo }];
  }
  const { bavail, bsize } = statfsSync(existing);
  const freeBytes = bavail * bsize;
  if (freeBytes >= DISK_FREE_MIN_BYTES) return [];
  const what = `only ${formatSize(freeBytes)} are free at ${existing}`;
  const todo = `free ${formatSize(DISK_FREE_MIN_BYTES)} or more, or set agent.state to another disk`;
  return [{ level: 'fault', code: 'diskFull', where, what, todo }];
}

/** What a warm or a frozen member gets where there is no cgroup for it. */
export function cgroupFindings(config: ResolvedConfig): PreflightFinding[] {
  const members = config.services.flatMap((service) =>
    service.members.map((member) => ({
      at: `services.${service.name}.members.${member.name}`,
      member,
    })),
  );
  const limited = members.filter(({ member }) => member.cpuShare !== null);
  const frozen = members.filter(({ member }) => member.temperature === 'frozen');
  if (limited.length + frozen.length === 0) return [];
  const cgroup = openCgroup(findCgroupMounts(), `check-${process.pid}`);
  removeCgroup(cgroup);
  const todo = 'run hotwarm as root, or in a unit with `Delegate=yes`';
  const noLimit = cgroup.cpu !== null ? [] : limited;
  const noFreezer = canFreeze(cgroup) ? [] : frozen;
  return [
    ...noLimit.map(({ at }): PreflightFinding => {
      const what = 'no cgroup can limit its CPU here, so this standby runs unlimited';
      return { level: 'note', code: 'noCpuLimit', where: `${at}.cpu`, what, todo };
    }),
    ...noFreezer.map(({ at }): PreflightFinding => {
      const what = 'no cgroup can freeze it here, so it is stopped by SIGSTOP instead';
      return { level: 'note', code: 'noFreezer', where: `${at}.temperature`, what, todo };
    }),
  ];
}
