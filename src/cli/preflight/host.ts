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
  type Cgroup,
} from '../../drivers/member/process/cgroup.ts';
import { LEASES_FILE, whyUntrusted } from '../../drivers/store/database.ts';
import { findPidNamespace } from '../../drivers/member/process/pid-namespace.ts';
import { systemReason } from '../../errors.ts';
import type { PreflightFinding } from './finding.ts';
import { standingOf } from '../../core/temperature.ts';

/** Far more than the journal's size limit. */
const DISK_FREE_MIN_BYTES = 64 * 1024 * 1024;

/** Whether the state directory can be created or written. */
export function stateFindings(stateDir: string): PreflightFinding[] {
  const where = 'agent.stateDir';
  let existing = stateDir;
  while (!existsSync(existing)) existing = dirname(existing);
  try {
    if (!statSync(existing).isDirectory()) throw new Error('not a directory');
    accessSync(existing, constants.W_OK | constants.X_OK);
  } catch (error) {
    const reason = systemReason(error);
    const message = {
      en: `cannot write ${existing}: ${reason.en}`,
      zh: `无法写入 ${existing}：${reason.zh}`,
    };
    const hint = {
      en: 'fix its permissions, or set agent.stateDir to a directory of this user',
      zh: '修正其权限，或把 agent.stateDir 设为该用户的目录',
    };
    return [{ level: 'error', code: 'stateUnusable', where, message, hint }];
  }
  const untrusted = existing === stateDir ? whyUntrusted(stateDir) : null;
  if (untrusted !== null) {
    const message = {
      en: `${stateDir} is not trustworthy: ${untrusted.en}`,
      zh: `${stateDir} 不可信：${untrusted.zh}`,
    };
    const hint = {
      en: `check that no file in it was changed, then run: chmod go-w ${stateDir}`,
      zh: `确认其中的文件未被改动，再运行：chmod go-w ${stateDir}`,
    };
    return [{ level: 'error', code: 'stateUntrusted', where, message, hint }];
  }
  const { bavail, bsize } = statfsSync(existing);
  const freeBytes = bavail * bsize;
  if (freeBytes >= DISK_FREE_MIN_BYTES) return [];
  // An existing state directory already has the space that it needs: a full disk must not prevent a restart.
  const level = existsSync(join(stateDir, LEASES_FILE)) ? 'warning' : 'error';
  const message = {
    en: `only ${formatSize(freeBytes)} are free at ${existing}`,
    zh: `${existing} 只剩 ${formatSize(freeBytes)} 可用空间`,
  };
  const hint = {
    en: `free ${formatSize(DISK_FREE_MIN_BYTES)} or more, or set agent.stateDir to another disk`,
    zh: `腾出至少 ${formatSize(DISK_FREE_MIN_BYTES)}，或把 agent.stateDir 设到其他磁盘`,
  };
  return [{ level, code: 'diskFull', where, message, hint }];
}

/** What a member's cgroup would be here; it is gone again. */
function probeCgroup(): Cgroup {
  const cgroup = openCgroup(findCgroupMounts(), `check-${process.pid}`);
  removeCgroup(cgroup);
  return cgroup;
}

/** An exclusive service needs a fence that proves that no process of a member is left. */
export function fenceFindings(config: ResolvedConfig): PreflightFinding[] {
  const exclusive = config.services.filter(({ core }) => core.exclusive && core.mode === 'manage');
  if (exclusive.length === 0) return [];
  const cgroup = probeCgroup();
  if (hasCgroup(cgroup)) return [];
  const isHeld = findPidNamespace() !== null;
  return exclusive.map(({ name }): PreflightFinding => {
    const where = `services.${name}.exclusive`;
    if (isHeld) {
      const message = {
        en: 'hotwarm cannot create cgroups here; it fences members by a PID namespace for each instead',
        zh: 'hotwarm 无法在此创建 cgroup，改为给每个成员一个 PID 命名空间，同样可以隔离',
      };
      const hint = {
        en: 'no action needed; to limit and freeze members as well, run hotwarm as root or in a unit with `Delegate=yes`',
        zh: '无须处理；若还要限制和冻结成员，请以 root 运行 hotwarm，或在设有 `Delegate=yes` 的单元中运行',
      };
      return { level: 'warning', code: 'noCgroup', where, message, hint };
    }
    const message = {
      en: 'hotwarm can create neither cgroups nor PID namespaces here, so a worker of a fenced member could keep writing',
      zh: 'hotwarm 在此既不能创建 cgroup，也不能创建 PID 命名空间，被隔离成员的子进程可能继续写入',
    };
    const hint = {
      en: 'run hotwarm as root or in a unit with `Delegate=yes`, or allow user namespaces (sysctl user.max_user_namespaces); or set `exclusive: false` if two active members are harmless',
      zh: '以 root 运行 hotwarm，或在设有 `Delegate=yes` 的单元中运行，或允许用户命名空间（sysctl user.max_user_namespaces）；若允许双主，设置 `exclusive: false`',
    };
    return { level: 'error', code: 'fenceUnproved', where, message, hint };
  });
}

/** Limitations of warm and frozen members without a cgroup. */
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
  const cgroup = probeCgroup();
  const hint = {
    en: 'run hotwarm as root, or in a unit with `Delegate=yes`',
    zh: '以 root 运行 hotwarm，或在设有 `Delegate=yes` 的单元中运行',
  };
  const noLimit = cgroup.cpu !== null ? [] : limited;
  const noFreezer = canFreeze(cgroup) ? [] : frozen;
  return [
    ...noLimit.map(({ at }): PreflightFinding => {
      const message = {
        en: 'without a cgroup hotwarm cannot limit the CPU of this standby',
        zh: '没有 cgroup，hotwarm 无法限制该备用成员的 CPU',
      };
      return { level: 'warning', code: 'noCpuLimit', where: `${at}.cpu`, message, hint };
    }),
    ...noFreezer.map(({ at }): PreflightFinding => {
      const message = {
        en: 'without a cgroup hotwarm freezes this standby with SIGSTOP',
        zh: '没有 cgroup，hotwarm 改用 SIGSTOP 冻结该备用成员',
      };
      return { level: 'warning', code: 'noFreezer', where: `${at}.temperature`, message, hint };
    }),
  ];
}
