import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import {
  logPaths,
  openLogs,
  rotateLogs,
  type LogLimits,
  type LogPaths,
} from '../../../src/drivers/member/process/log-files.ts';
import { isFault } from './conformance.ts';
import { makeBench } from './support.ts';
import { eventually, within } from '../../eventually.ts';

type Logs = {
  readonly paths: LogPaths;
  readonly stateDir: string;
  readonly write: (text: string) => void;
};

async function withLogs(body: (logs: Logs) => Promise<void>): Promise<void> {
  const stateDir = mkdtempSync(join(tmpdir(), 'hotwarm-logs-'));
  const paths = logPaths(stateDir, 'shop-a');
  const streams = openLogs(paths);
  try {
    await body({ paths, stateDir, write: (text) => void writeSync(streams.output, text) });
  } finally {
    streams.close();
    rmSync(stateDir, { recursive: true });
  }
}

const read = (path: string): string => readFileSync(path, 'utf8');

describe('the log files of a member', () => {
  it('stay as they are within the limit', async () => {
    await withLogs(async ({ paths, stateDir, write }) => {
      write('0123456789');
      await rotateLogs(paths, { bytes: 10, files: 3 });
      assert.equal(read(paths.output), '0123456789');
      assert.deepEqual(readdirSync(join(stateDir, 'logs')).toSorted(), [
        'shop-a.err.log',
        'shop-a.out.log',
      ]);
    });
  });

  it('keep the newest bytes of the last files, while their writer keeps its descriptor', async () => {
    await withLogs(async ({ paths, stateDir, write }) => {
      const limits: LogLimits = { bytes: 4, files: 3 };
      for (const text of ['aaaa1111', 'bbbb2222', 'cccc3333']) {
        write(text);
        await rotateLogs(paths, limits);
      }
      write('dd');
      assert.equal(read(paths.output), 'dd');
      assert.equal(read(`${paths.output}.1`), '3333');
      assert.equal(read(`${paths.output}.2`), '2222');
      assert.equal(readdirSync(join(stateDir, 'logs')).length, 4);
    });
  });

  it('are emptied where only one file is kept', async () => {
    await withLogs(async ({ paths, stateDir, write }) => {
      write('x'.repeat(100));
      await rotateLogs(paths, { bytes: 10, files: 1 });
      assert.equal(read(paths.output), '');
      assert.equal(readdirSync(join(stateDir, 'logs')).length, 2);
    });
  });

  it('are copied whole when they are larger than one piece of a copy', async () => {
    await withLogs(async ({ paths, write }) => {
      const line = `${'y'.repeat(99)}\n`;
      write(line.repeat(10_000));
      await rotateLogs(paths, { bytes: 700_000, files: 2 });
      assert.equal(read(`${paths.output}.1`), line.repeat(7000));
    });
  });

  it('are rotated while the member runs', async () => {
    const command = ['/bin/sh', '-c', 'head -c 5000 /dev/zero | tr "\\0" z; exec sleep 600'];
    const bench = makeBench(command, { logLimits: { bytes: 1000, files: 2 } });
    const aside = join(bench.stateDir, 'logs', 'shop-a.out.log.1');
    try {
      await bench.driver.start({ capacity: 'full', signal: within() });
      await eventually('the rotation', () => bench.output() === '' && existsSync(aside));
      await eventually('the copy', () => read(aside).length === 1000);
    } finally {
      await bench.dispose();
    }
  });
});

describe('the limit of the log files', () => {
  it('holds for a member that writes as fast as it can', async () => {
    const logLimits = { bytes: 1024 * 1024, files: 3 };
    const bench = makeBench(['/bin/cat', '/dev/zero'], { logLimits });
    try {
      await bench.driver.start({ capacity: 'full', signal: within() });
      const file = join(bench.stateDir, 'logs/shop-a.out.log');
      await eventually('it was rotated often', () => existsSync(`${file}.2`));
      let largest = 0;
      let rounds = 0;
      await eventually('many more looks', () => {
        largest = Math.max(largest, statSync(file).size);
        return (rounds += 1) > 100;
      });
      // Some GiB would have been written meanwhile.
      assert.ok(largest < 512 * 1024 * 1024, `${largest} bytes`);
    } finally {
      await bench.dispose();
    }
  });

  it('is not reached through a symbolic link', async () => {
    const bench = makeBench(['/bin/echo', 'x']);
    try {
      mkdirSync(join(bench.stateDir, 'logs'));
      symlinkSync('/dev/null', join(bench.stateDir, 'logs/shop-a.out.log'));
      await assert.rejects(bench.driver.start({ capacity: 'full', signal: within() }), (error) =>
        isFault(error, 'permission'),
      );
    } finally {
      await bench.dispose();
    }
  });
});
