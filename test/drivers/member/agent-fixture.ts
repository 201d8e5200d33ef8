// Stands for an agent that is killed: starts a member, prints its identity and waits for its own end.
// Arguments: state directory, cgroup mounts as JSON, the member's command.

import { createProcessMember } from '../../../src/drivers/member/process.ts';
import type { CgroupMounts } from '../../../src/drivers/member/process/cgroup-mounts.ts';

const [stateDir = '', mounts = '', ...command] = process.argv.slice(2);
const cgroups: CgroupMounts = JSON.parse(mounts);
const driver = createProcessMember({
  service: 'shop',
  member: 'a',
  command,
  cwd: stateDir,
  env: {},
  user: null,
  address: '127.0.0.1',
  port: 3001,
  reducedCpuShare: null,
  stateDir,
  logLimits: { bytes: 1024, files: 1 },
  cgroups,
  namespace: null,
  onExit: () => undefined,
  onCollapse: () => undefined,
});
const started = await driver.start({ capacity: 'full', signal: AbortSignal.timeout(20_000) });
process.stdout.write(JSON.stringify(started));
setInterval(() => undefined, 1000);
