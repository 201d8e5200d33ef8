import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { DriverError } from '../../driver-error.ts';
import type { CgroupMount, CgroupMounts } from './cgroup-mounts.ts';
import { errorCode, sendSignal } from '../../os/proc.ts';

// One member's cgroup. It is what makes "nothing of this member is left" provable: a process cannot leave
// it without privilege, however often it forks or opens sessions, and the kernel says when it is empty.
// v2 is preferred for freezing and killing, because it does each to the whole tree at once and kills what is
// frozen. The CPU quota comes from whichever version holds the cpu controller. What this host does not offer
// or this user may not write is null, and the process group stands in (see tree.ts).
// The calls are synchronous: these files are the kernel's memory, and each takes some microseconds.

export type Cgroup = {
  /** Directories of this group, one a hierarchy in use. */
  readonly unified: string | null;
  readonly freezer: string | null;
  readonly cpu: { readonly directory: string; readonly version: 1 | 2 } | null;
};

/** Makes the group where it can; an existing one is used again. */
export function openCgroup(mounts: CgroupMounts, name: string): Cgroup {
  const unified = makeGroup(mounts.unified, name);
  if (unified !== null && mounts.unified !== null) delegateCpu(mounts.unified.root, unified);
  const freezer = unified === null ? makeGroup(mounts.freezer, name) : null;
  if (unified !== null && existsSync(join(unified, 'cpu.max'))) {
    return { unified, freezer, cpu: { directory: unified, version: 2 } };
  }
  const directory = makeGroup(mounts.cpu, name);
  return { unified, freezer, cpu: directory === null ? null : { directory, version: 1 } };
}

export function cgroupDirectories(cgroup: Cgroup): readonly string[] {
  const all = [cgroup.unified, cgroup.freezer, cgroup.cpu?.directory ?? null];
  return [...new Set(all.filter((directory) => directory !== null))];
}

/** Whether membership can be read from a cgroup at all. */
export function hasCgroup(cgroup: Cgroup): boolean {
  return cgroupDirectories(cgroup).length > 0;
}

/** Files to which the pid of a process is written for it to enter. */
export function entrancesOf(cgroup: Cgroup): readonly string[] {
  return cgroupDirectories(cgroup).map((directory) => join(directory, 'cgroup.procs'));
}

/** A group and all that were made inside it, the innermost first. */
function withInner(directory: string): readonly string[] {
  const inner = innerGroups(directory).flatMap((name) => withInner(join(directory, name)));
  return [...inner, directory];
}

function innerGroups(directory: string): readonly string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    return []; // The group was removed.
  }
}

/** Live processes of the group and of those made inside it. */
export function cgroupPids(cgroup: Cgroup): readonly number[] {
  const pids = cgroupDirectories(cgroup)
    .flatMap(withInner)
    .flatMap((directory) =>
      (readControl(directory, 'cgroup.procs') ?? '').split('\n').filter((line) => line !== ''),
    );
  // 0 stands for a process outside our pid namespace, which cannot be signalled from here.
  return [...new Set(pids.map(Number))].filter((pid) => pid > 0);
}

export function isCgroupEmpty(cgroup: Cgroup): boolean {
  if (cgroup.unified !== null) {
    // This one counts groups inside it as well.
    const events = readControl(cgroup.unified, 'cgroup.events');
    if (events !== null && !/^populated 0$/m.test(events)) return false;
  }
  return cgroupDirectories(cgroup)
    .flatMap(withInner)
    .every((directory) => (readControl(directory, 'cgroup.procs') ?? '') === '');
}

export function killCgroup(cgroup: Cgroup): void {
  // cgroup.kill is missing before Linux 5.14; then, as in v1, each process is killed by its number.
  if (cgroup.unified === null || !writeControl(cgroup.unified, 'cgroup.kill', '1')) {
    for (const pid of cgroupPids(cgroup)) sendSignal(pid, 'SIGKILL');
  }
  // A v1 group ends only when it is thawed; with the signal pending none of it runs another instruction.
  if (cgroup.freezer === null) return;
  for (const directory of withInner(cgroup.freezer).toReversed())
    writeControl(directory, 'freezer.state', 'THAWED');
}

export function canFreeze(cgroup: Cgroup): boolean {
  return cgroup.unified !== null || cgroup.freezer !== null;
}

export function setFrozen(cgroup: Cgroup, frozen: boolean): void {
  const written =
    cgroup.unified === null
      ? writeControl(cgroup.freezer, 'freezer.state', frozen ? 'FROZEN' : 'THAWED')
      : writeControl(cgroup.unified, 'cgroup.freeze', frozen ? '1' : '0');
  if (!written) throw new DriverError('driverFailed', `the cgroup of the member is gone`);
}

/** What the kernel has confirmed, which may lag behind what was ordered. */
export function isFrozen(cgroup: Cgroup): boolean {
  if (cgroup.unified !== null) {
    return /^frozen 1$/m.test(readControl(cgroup.unified, 'cgroup.events') ?? '');
  }
  return readControl(cgroup.freezer, 'freezer.state')?.trim() === 'FROZEN';
}

/** share: of one CPU; null: no limit. False: this host gives us no cpu controller. */
export function setCpuShare(cgroup: Cgroup, share: number | null): boolean {
  if (cgroup.cpu === null) return false;
  const { periodUs, quotaUs } = cpuQuota(share);
  const { directory, version } = cgroup.cpu;
  if (version === 2) return writeControl(directory, 'cpu.max', `${quotaUs ?? 'max'} ${periodUs}`);
  return (
    writeControl(directory, 'cpu.cfs_period_us', `${periodUs}`) &&
    writeControl(directory, 'cpu.cfs_quota_us', `${quotaUs ?? -1}`)
  );
}

/** Periods in which the group used up its quota and had to wait; null: no cpu controller. */
export function throttledPeriods(cgroup: Cgroup): number | null {
  const stat = readControl(cgroup.cpu?.directory ?? null, 'cpu.stat');
  const count = stat === null ? null : /^nr_throttled (\d+)$/m.exec(stat)?.[1];
  return count === null || count === undefined ? null : Number(count);
}

/** False: some of it is still in use, so it stays. */
export function removeCgroup(cgroup: Cgroup): boolean {
  return cgroupDirectories(cgroup)
    .flatMap(withInner)
    .every((directory) => {
      try {
        rmdirSync(directory);
        return true;
      } catch (error) {
        return errorCode(error) === 'ENOENT';
      }
    });
}

/** A short period keeps the pauses of a throttled member short; the kernel demands a quota of 1 ms at least. */
function cpuQuota(share: number | null): { periodUs: number; quotaUs: number | null } {
  const periodUs = share !== null && share < 0.05 ? 100_000 : 20_000;
  return {
    periodUs,
    quotaUs: share === null ? null : Math.max(1000, Math.round(share * periodUs)),
  };
}

function makeGroup(mount: CgroupMount | null, name: string): string | null {
  const usable = mount?.parents.map((parent) => join(parent, name)).find(canMake);
  return usable ?? null;
}

function canMake(directory: string): boolean {
  try {
    mkdirSync(directory, { recursive: true });
    return existsSync(join(directory, 'cgroup.procs'));
  } catch {
    // Not ours to write (EACCES, EPERM, EROFS) or not delegated: the next place, or none.
    return false;
  }
}

/** Passes the cpu controller down from the mount to the group, as far as the kernel lets us. */
function delegateCpu(root: string, directory: string): void {
  const steps = relative(root, dirname(directory)).split('/');
  for (const depth of steps.keys()) {
    writeControl(join(root, ...steps.slice(0, depth)), 'cgroup.subtree_control', '+cpu');
  }
  writeControl(dirname(directory), 'cgroup.subtree_control', '+cpu');
}

function readControl(directory: string | null, file: string): string | null {
  if (directory === null) return null;
  try {
    return readFileSync(join(directory, file), 'utf8');
  } catch {
    // The group was removed, or this kernel has no such file.
    return null;
  }
}

function writeControl(directory: string | null, file: string, value: string): boolean {
  if (directory === null) return false;
  try {
    // r+: a missing control file must not be taken for one to create.
    writeFileSync(join(directory, file), value, { flag: 'r+' });
    return true;
  } catch {
    return false;
  }
}
