import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { describe, it } from 'node:test';
import { NO_CGROUPS } from '../../../src/drivers/member/process/cgroup-mounts.ts';
import { findPidNamespace } from '../../../src/drivers/member/process/pid-namespace.ts';
import { closeInherited } from '../../../src/drivers/os/inherited-descriptors.ts';
import type { ProcessMemberOptions } from '../../../src/drivers/member/process.ts';
import { isRoot, makeBench } from './support.ts';

// Everything that a member inherits, told by a program that is not ours.

// As `hotwarm up` does first.
closeInherited();

const TELL = `
import json, os, resource, signal
status = dict(line.rstrip('\\n').split(':\\t', 1) for line in open('/proc/self/status') if ':\\t' in line)
mask = os.umask(0)
print(json.dumps({
  'environment': dict(os.environ), 'uid': os.getuid(), 'gid': os.getgid(), 'groups': sorted(os.getgroups()),
  'descriptors': sorted(int(fd) for fd in os.listdir('/proc/self/fd') if os.path.exists('/proc/self/fd/' + fd)),
  'directory': os.getcwd(), 'umask': mask, 'blocked': status['SigBlk'], 'ignored': status['SigIgn'],
  'adjustment': int(open('/proc/self/oom_score_adj').read()), 'argv': open('/proc/self/cmdline').read().split('\\0')[3:-1],
}))`;
import { eventually, within } from '../../eventually.ts';

type Told = {
  readonly environment: Readonly<Record<string, string>>;
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  readonly descriptors: readonly number[];
  readonly directory: string;
  readonly umask: number;
  readonly blocked: string;
  readonly ignored: string;
  readonly adjustment: number;
  readonly argv: readonly string[];
};

async function ask(overrides: Partial<ProcessMemberOptions>): Promise<Told> {
  const bench = makeBench(['/usr/bin/python3', '-c', TELL, 'one', 'a=b'], overrides);
  chmodSync(bench.stateDir, 0o755);
  try {
    await bench.driver.start({ capacity: 'full', signal: within() });
    await eventually('the exit', () => bench.exits.length === 1);
    assert.equal(bench.exits[0]?.exitCode, 0, bench.errors());
    return JSON.parse(bench.output()) as Told;
  } finally {
    await bench.dispose();
  }
}

/** Names that shells use for themselves or cannot hold, and values that they would change. */
const ODD = {
  IFS: ':',
  OPTIND: '5',
  PPID: '1',
  PS4: 'z',
  PWD: '/elsewhere',
  word: 'mine',
  'spring.datasource.password': 'a "b" $c \n d',
  'with-dash': 'x',
  EMPTY: '',
};

const namespace = findPidNamespace();
const kinds: ReadonlyMap<string, Partial<ProcessMemberOptions>> = new Map([
  ['a cgroup or a session', {}],
  ['a PID namespace', { cgroups: NO_CGROUPS, namespace }],
]);

for (const [kind, held] of kinds) {
  describe(`what a member inherits in ${kind}`, () => {
    it('is the configured environment to the letter, also names that a shell uses or drops', async () => {
      const { environment, argv } = await ask({ ...held, env: ODD });
      for (const [name, value] of Object.entries(ODD)) assert.equal(environment[name], value, name);
      assert.deepEqual(argv, ['one', 'a=b']);
    });

    it('is the agent’s environment otherwise, less what speaks to the agent, and nothing of a shell', async () => {
      const { environment } = await ask(held);
      const own = new Set([
        'HOTWARM_ADDRESS',
        'HOTWARM_MEMBER',
        'HOTWARM_RUN',
        'HOTWARM_SERVICE',
        'PORT',
        'PWD',
      ]);
      const added = Object.keys(environment).filter(
        (name) => !(name in process.env) && !own.has(name),
      );
      // Python sets this one itself where the locale is the C locale.
      assert.deepEqual(
        added.filter((name) => name !== 'LC_CTYPE'),
        [],
      );
      assert.equal(environment['PATH'], process.env['PATH']);
      for (const name of ['SHLVL', '_', 'OLDPWD', 'IFS', 'OPTIND', 'word'])
        assert.equal(name in environment, false, name);
    });

    it('is three streams, the configured directory, and no mask, ignored signal or adjustment of the agent’s', async () => {
      const { descriptors, directory, blocked, adjustment, ignored, environment } = await ask(held);
      assert.deepEqual(descriptors, [0, 1, 2]);
      assert.equal(environment['PWD'], directory);
      assert.equal(Number.parseInt(blocked, 16), 0);
      assert.equal(adjustment, 0);
      // Python itself ignores SIGPIPE and SIGXFSZ.
      assert.equal(Number.parseInt(ignored, 16) & 0b111, 0);
    });
  });
}

describe(
  'what a member of another user inherits',
  { skip: !isRoot && 'only root may start one' },
  () => {
    it('is that user’s groups and place, and none of the agent’s environment but its language and search path', async () => {
      process.env['AGENT_SECRET'] = 'secret';
      try {
        const { uid, gid, groups, environment } = await ask({
          user: 'www-data',
          env: { COLOUR: 'red' },
        });
        assert.deepEqual([uid, gid, groups], [33, 33, [33]]);
        assert.equal('AGENT_SECRET' in environment, false);
        assert.deepEqual(
          [environment['USER'], environment['LOGNAME'], environment['HOME'], environment['COLOUR']],
          ['www-data', 'www-data', '/var/www', 'red'],
        );
        assert.equal(environment['PATH'], process.env['PATH']);
      } finally {
        delete process.env['AGENT_SECRET'];
      }
    });
  },
);
