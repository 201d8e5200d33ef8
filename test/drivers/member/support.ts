import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Exit, MemberDriver } from '../../../src/drivers/member/contract.ts';
import {
  createProcessMember,
  type ProcessMemberOptions,
} from '../../../src/drivers/member/process.ts';
import {
  findCgroupMounts,
  NO_CGROUPS,
  type CgroupMounts,
} from '../../../src/drivers/member/process/cgroup-mounts.ts';
import { memberCgroupName } from '../../../src/drivers/member/process/run-record.ts';
import { within } from '../../eventually.ts';

export const isRoot = process.geteuid?.() === 0;

/** Each way in which a host may let us hold a member together, as far as this host has it. */
export function containmentKinds(): ReadonlyMap<string, CgroupMounts> {
  const found = findCgroupMounts();
  const kinds = new Map<string, CgroupMounts>([['a process group alone', NO_CGROUPS]]);
  if (!isRoot) return kinds;
  if (found.unified !== null) {
    kinds.set('cgroup v2', { ...NO_CGROUPS, unified: found.unified });
  }
  if (found.freezer !== null) kinds.set('cgroup v1', { ...found, unified: null });
  if (found.unified !== null && found.cpu !== null) kinds.set('cgroup v2 beside v1', found);
  return kinds;
}

export type Bench = {
  readonly driver: MemberDriver;
  readonly options: ProcessMemberOptions;
  readonly exits: readonly Exit[];
  readonly stateDir: string;
  readonly cgroupName: string;
  /** Text of its stdout so far. */
  output(): string;
  errors(): string;
  dispose(): Promise<void>;
};

/** A driver of a member of its own in a directory of its own. */
export function makeBench(
  command: readonly string[],
  overrides: Partial<ProcessMemberOptions> = {},
): Bench {
  const stateDir = mkdtempSync(join(tmpdir(), 'hotwarm-member-'));
  const exits: Exit[] = [];
  const options: ProcessMemberOptions = {
    service: 'shop',
    member: 'a',
    command,
    cwd: stateDir,
    env: {},
    user: null,
    address: '127.0.0.1',
    port: 3001,
    reducedCpuShare: null,
    namespace: null,
    stateDir,
    logLimits: { bytes: 1024 * 1024, files: 2 },
    onExit: (exit) => exits.push(exit),
    onCollapse: () => undefined,
    ...overrides,
  };
  const driver = createProcessMember(options);
  const log = (name: string) => () => readFileSync(join(stateDir, 'logs', name), 'utf8');
  return {
    driver,
    options,
    exits,
    stateDir,
    cgroupName: memberCgroupName(stateDir, options.service, options.member),
    output: log('shop-a.out.log'),
    errors: log('shop-a.err.log'),
    dispose: async () => {
      await driver.kill({ signal: within() });
      await driver.close();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}
