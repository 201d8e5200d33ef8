import { accessSync, constants, existsSync, statSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ResolvedConfig } from '../../config/resolved.ts';
import { formatSize } from '../../config/units.ts';
import { findCgroupMounts } from '../../drivers/member/process/cgroup-mounts.ts';
import {
  canFreeze,
  hasCgroup,
  openCgroup,
  removeCgroup,
} from '../../drivers/member/process/cgroup.ts';
import { LEASES_FILE, whyUntrusted } from '../../drivers/store/database.ts';
import { findPidNamespace } from '../../drivers/member/process/pid-namespace.ts';
import type { PreflightFinding } from './finding.ts';
import { standingOf } from '../../core/temperature.ts';

/** The journal is bounded well below this. */
const DISK_FREE_MIN_BYTES = 64 * 1024 * 1024;

/** Whether the state directory can be made or written. */
export function stateFindings(stateDir: string): PreflightFinding[] {
  const where = 'agent.stateDir';
  let existing = stateDir;
  while (!existsSync(existing)) existing = dirname(existing);
  try {
    if (!statSync(existing).isDirectory()) throw new Error('it is not a directory');
    accessSync(existing, constants.W_OK | constants.X_OK);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const what = `${existing} cannot be written: ${why}`;
    const todo = 'mend its permissions, or set agent.stateDir to a directory of this user';
    return [{ level: 'error', code: 'stateUnusable', where, what, todo }];
  }
  const untrusted = existing === stateDir ? whyUntrusted(stateDir) : null;
  if (untrusted !== null) {
    const what = `${stateDir} is not trustworthy: ${untrusted.en}`;
    const todo = `make sure that nobody has changed anything in it, then run: chmod go-w ${stateDir}`;
    return [{ level: 'error', code: 'stateUntrusted', where, what, todo }];
  }
  const { bavail, bsize } = statfsSync(existing);
  const freeBytes = bavail * bsize;
  if (freeBytes >= DISK_FREE_MIN_BYTES) return [];
  // Where it has run before it has the room that it needs, and a full disk must not keep it from coming back.
  const level = existsSync(join(stateDir, LEASES_FILE)) ? 'warning' : 'error';
  const what = `only ${formatSize(freeBytes)} are free at ${existing}`;
  const todo = `free ${formatSize(DISK_FREE_MIN_BYTES)} or more, or set agent.stateDir to another disk`;
  return [{ level, code: 'diskFull', where, what, todo }];
}

/** An exclusive service needs a fence that proves something: of each member nothing may be left that could escape it. */
export function fenceFindings(config: ResolvedConfig): PreflightFinding[] {
  const exclusive = config.services.filter(({ core }) => core.exclusive && core.mode === 'manage');
  if (exclusive.length === 0) return [];
  const cgroup = openCgroup(findCgroupMounts(), `check-${process.pid}`);
  removeCgroup(cgroup);
  if (hasCgroup(cgroup)) return [];
  const isHeld = findPidNamespace() !== null;
  return exclusive.map(({ name }): PreflightFinding => {
    const where = `services.${name}.exclusive`;
    if (isHeld) {
      const what =
        'no cgroup can be made here; each member gets a PID namespace of its own instead, which proves its end as well';
      const todo =
        'nothing; a cgroup would also limit and freeze members: run hotwarm as root, or in a unit with `Delegate=yes`';
      return { level: 'warning', code: 'noCgroup', where, what, todo };
    }
    const what =
      'neither a cgroup nor a PID namespace can be made here, so a worker of a fenced member could go on writing unseen';
    const todo =
      'run hotwarm as root, or in a unit with `Delegate=yes`, or allow user namespaces (sysctl user.max_user_namespaces); or set `exclusive: false` if two actives do no harm';
    return { level: 'error', code: 'fenceUnproved', where, what, todo };
  });
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
  const frozen = members.filter(({ member }) => standingOf(member.temperature) === 'frozen');
  if (limited.length + frozen.length === 0) return [];
  const cgroup = openCgroup(findCgroupMounts(), `check-${process.pid}`);
  removeCgroup(cgroup);
  const todo = 'run hotwarm as root, or in a unit with `Delegate=yes`';
  const noLimit = cgroup.cpu !== null ? [] : limited;
  const noFreezer = canFreeze(cgroup) ? [] : frozen;
  return [
    ...noLimit.map(({ at }): PreflightFinding => {
      const what = 'no cgroup can limit its CPU here, so this standby runs unlimited';
      return { level: 'warning', code: 'noCpuLimit', where: `${at}.cpu`, what, todo };
    }),
    ...noFreezer.map(({ at }): PreflightFinding => {
      const what = 'no cgroup can freeze it here, so it is stopped by SIGSTOP instead';
      return { level: 'warning', code: 'noFreezer', where: `${at}.temperature`, what, todo };
    }),
  ];
}
