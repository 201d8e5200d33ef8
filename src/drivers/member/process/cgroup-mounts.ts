import { readFileSync } from 'node:fs';
import { join } from 'node:path';

// Where this host lets hotwarm make cgroups. Three kinds of hosts are met: v2 alone, v1 alone (one tree a
// controller), and both side by side, where v2 has no controllers but still freezes and kills. Below each
// mount two places are tried: one at the top, which outlives a restart of the agent's own unit, and one
// inside the agent's own cgroup, which is all that a delegated, unprivileged agent may write to.

/** One hierarchy: where it is mounted and the directories for members' groups, best first. */
export type CgroupMount = { readonly root: string; readonly parents: readonly string[] };

/** null: this host has no such hierarchy. */
export type CgroupMounts = {
  readonly unified: CgroupMount | null;
  readonly cpu: CgroupMount | null;
  readonly freezer: CgroupMount | null;
};

/** No cgroups at all: members are held together by their process group and session only. */
export const NO_CGROUPS: CgroupMounts = { unified: null, cpu: null, freezer: null };

const PARENT_NAME = 'hotwarm';

export function findCgroupMounts(): CgroupMounts {
  return parseCgroupMounts(
    readFileSync('/proc/self/mountinfo', 'utf8'),
    readFileSync('/proc/self/cgroup', 'utf8'),
  );
}

/** mountinfo, cgroup: the texts of those files of /proc/self, see proc_pid_mountinfo(5) and cgroups(7). */
export function parseCgroupMounts(mountinfo: string, cgroup: string): CgroupMounts {
  const mounts = mountinfo.split('\n').flatMap(parseMountLine);
  const own = new Map(cgroup.split('\n').flatMap(parseCgroupLine));
  const find = (type: string, controller: string): CgroupMount | null => {
    const mount = mounts.find(
      (each) => each.type === type && (controller === '' || each.options.includes(controller)),
    );
    if (mount === undefined) return null;
    const ownPath = insideMount(own.get(controller) ?? '/', mount.source);
    const parents = [join(mount.path, PARENT_NAME), join(mount.path, ownPath, PARENT_NAME)];
    return { root: mount.path, parents: [...new Set(parents)] };
  };
  return {
    unified: find('cgroup2', ''),
    cpu: find('cgroup', 'cpu'),
    freezer: find('cgroup', 'freezer'),
  };
}

type MountLine = { type: string; path: string; source: string; options: readonly string[] };

function parseMountLine(line: string): readonly MountLine[] {
  const [left, right] = line.split(' - ');
  const [, , , source, path] = left?.split(' ') ?? [];
  const [type, , options] = right?.split(' ') ?? [];
  if (type === undefined || path === undefined || source === undefined) return [];
  // mountinfo writes a space in a path as \040.
  return [
    { type, path: path.replaceAll('\\040', ' '), source, options: options?.split(',') ?? [] },
  ];
}

function parseCgroupLine(line: string): readonly (readonly [string, string])[] {
  const [, controllers, ...path] = line.split(':');
  if (controllers === undefined) return [];
  return controllers.split(',').map((controller) => [controller, path.join(':')] as const);
}

/** A container may see only a part of the tree, mounted from `source`. */
function insideMount(path: string, source: string): string {
  if (source === '/' || !path.startsWith(source)) return source === '/' ? path : '/';
  return path.slice(source.length);
}
