import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseCgroupMounts } from '../../../src/drivers/member/process/cgroup-mounts.ts';

describe('parseCgroupMounts', () => {
  it('finds v2 alone, at the top and in the agent’s own group', () => {
    const mounts = parseCgroupMounts(
      '24 1 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n',
      '0::/system.slice/hotwarm.service\n',
    );
    assert.deepEqual(mounts, {
      unified: {
        root: '/sys/fs/cgroup',
        parents: ['/sys/fs/cgroup/hotwarm', '/sys/fs/cgroup/system.slice/hotwarm.service/hotwarm'],
      },
      cpu: null,
      freezer: null,
    });
  });

  it('finds the trees of v1, several controllers in one of them', () => {
    const mounts = parseCgroupMounts(
      [
        '30 1 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct',
        '31 1 0:28 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer',
        '32 1 0:29 / /sys/fs/cgroup/cpuset rw shared:9 - cgroup cgroup rw,cpuset',
      ].join('\n'),
      '4:freezer:/\n3:cpu,cpuacct:/user.slice\n',
    );
    assert.deepEqual(mounts.cpu?.parents, [
      '/sys/fs/cgroup/cpu,cpuacct/hotwarm',
      '/sys/fs/cgroup/cpu,cpuacct/user.slice/hotwarm',
    ]);
    assert.deepEqual(mounts.freezer?.parents, ['/sys/fs/cgroup/freezer/hotwarm']);
    assert.equal(mounts.unified, null);
  });

  it('finds the agent’s own group where only a part of the tree is mounted', () => {
    const mounts = parseCgroupMounts(
      '24 1 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n',
      '0::/docker/abc/inner:one\n',
    );
    assert.equal(mounts.unified?.parents[1], '/sys/fs/cgroup/inner:one/hotwarm');
  });

  it('reads a mount point with a space', () => {
    const mounts = parseCgroupMounts('24 1 0:26 / /my\\040groups rw - cgroup2 none rw', '0::/');
    assert.deepEqual(mounts.unified?.parents, ['/my groups/hotwarm']);
  });

  it('finds nothing where there is nothing', () => {
    const none = { unified: null, cpu: null, freezer: null };
    assert.deepEqual(parseCgroupMounts('', ''), none);
    assert.deepEqual(parseCgroupMounts('22 1 0:5 / /proc rw - proc proc rw', ''), none);
  });
});
