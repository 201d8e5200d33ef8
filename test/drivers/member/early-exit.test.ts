import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { describe, test, type TestContext } from 'node:test';
import { createProcessMember } from '../../../src/drivers/member/process.ts';
import { whenExitingEarly } from '../../../src/drivers/member/process/early-exit-watch.ts';
import { readProcessStat, type Identity } from '../../../src/drivers/os/proc.ts';
import { makeBench } from './support.ts';
import { eventually, within } from '../../eventually.ts';

const PYTHON = '/usr/bin/python3';
/** Enough for its death to be looked for. */
const BALLAST = 'ballast = bytearray(b"x") * (300 << 20)';

/** Runs a Python program; its first line of output is the pid of the process in question. */
async function python(t: TestContext, lines: readonly string[]): Promise<[ChildProcess, Identity]> {
  const child = spawn(PYTHON, ['-u', '-c', lines.join('\n')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const { stdout } = child;
  assert.ok(stdout !== null);
  const [line] = await once(createInterface({ input: stdout }), 'line');
  const pid = Number(line);
  const stat = readProcessStat(pid);
  assert.ok(stat !== null);
  return [child, { pid, startTicks: stat.startTicks }];
}

function watch(t: TestContext, main: Identity): readonly number[] {
  const told: number[] = [];
  t.after(whenExitingEarly(main, ({ pid }) => told.push(pid)));
  return told;
}

/** Long enough for a look that would be mistaken. */
const SEVERAL_LOOKS_MS = 200;

async function severalLooks(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, SEVERAL_LOOKS_MS));
}

describe('the collapse of a process', () => {
  test('is told once it has no memory, although it has not been waited for', async (t) => {
    const [, main] = await python(t, [
      'import os, time',
      BALLAST,
      'child = os.fork()',
      // It touches all of its memory, so that it is its own, and is never waited for.
      'if child == 0: ballast[::4096] = b"y" * (300 << 8); print(os.getpid()); time.sleep(600)',
      'time.sleep(600)',
    ]);
    const told = watch(t, main);
    await severalLooks();
    assert.deepEqual(told, [], 'not while it lives');
    process.kill(main.pid, 'SIGKILL');
    await eventually('the collapse', () => told.length > 0);
    assert.deepEqual(told, [main.pid]);
    assert.notEqual(readProcessStat(main.pid), null, 'its parent has yet to wait for it');
  });

  test('is not told of one that becomes another program again and again', async (t) => {
    const text = [
      'import os, sys, time',
      BALLAST,
      'n = int(sys.argv[1])',
      'if n == 0: print(os.getpid())',
      'if n == 15: print("done"); time.sleep(600)',
      'os.execv(sys.executable, [sys.executable, "-u", "-c", os.environ["TEXT"], str(n + 1)])',
    ].join('\n');
    const [child, main] = await python(t, [
      'import os, sys',
      `os.environ["TEXT"] = ${JSON.stringify(text)}`,
      'os.execv(sys.executable, [sys.executable, "-u", "-c", os.environ["TEXT"], "0"])',
    ]);
    let said = '';
    child.stdout?.on('data', (data) => {
      said += String(data);
    });
    const told = watch(t, main);
    const statm = openSync(`/proc/${main.pid}/statm`, 'r');
    t.after(() => closeSync(statm));
    // Far more often than the watch looks: what it relies on is that no moment between two programs has no memory.
    const buffer = Buffer.alloc(128);
    let empty = 0;
    while (!said.includes('done')) {
      for (let count = 0; count < 50; count += 1) {
        readSync(statm, buffer, 0, buffer.length, 0);
        if (buffer.toString('latin1').startsWith('0 ')) empty += 1;
      }
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(child.exitCode, null, 'it goes on');
    }
    assert.deepEqual([empty, told], [0, []]);
  });

  test('is not told of one whose main thread has ended before the others', async (t) => {
    const [, main] = await python(t, [
      'import ctypes, os, threading, time',
      BALLAST,
      'threading.Thread(target=lambda: (print(os.getpid()), time.sleep(600))).start()',
      'ctypes.CDLL(None).pthread_exit(None)',
    ]);
    await eventually('the end of the main thread', () => {
      const stat = readProcessStat(main.pid);
      return stat?.state === 'Z' && stat.threads === 2;
    });
    const told = watch(t, main);
    await severalLooks();
    assert.deepEqual(told, []);
    process.kill(main.pid, 'SIGKILL');
  });
});

const LARGE = [
  process.execPath,
  '-e',
  'const ballast = Buffer.alloc(2 ** 30, 1); setInterval(() => ballast[0]++, 1000); console.log("up")',
];

/** Its news in the order in which they came. `adopted`: told by the driver of a later agent. */
async function newsOfDeath(t: TestContext, adopted: boolean): Promise<readonly string[]> {
  const news: string[] = [];
  const bench = makeBench(LARGE, {
    onCollapse: ({ pid }) => news.push(`collapse of ${pid}`),
    onExit: ({ pid }) => news.push(`exit of ${pid}`),
  });
  t.after(async () => await bench.dispose());
  const { pid } = await bench.driver.start({ capacity: 'full', signal: within() });
  await eventually('its memory', () => bench.output().includes('up'));
  let { driver } = bench;
  if (adopted) {
    await bench.driver.close();
    driver = createProcessMember(bench.options);
    t.after(async () => await driver.close());
    assert.equal(driver.adopt()?.pid, pid);
  }
  driver.lookForCollapse(true);
  await severalLooks();
  process.kill(pid, 'SIGKILL');
  await eventually('the exit', () => news.includes(`exit of ${pid}`));
  return news.map((text) => text.replace(` of ${pid}`, ''));
}

/** A machine that is busy enough may not look in the tenth of a second that there is. */
async function assertSeenEarly(attempt: () => Promise<readonly string[]>): Promise<void> {
  let news: readonly string[] = [];
  for (let left = 3; left > 0 && news.length < 2; left -= 1) news = await attempt();
  assert.deepEqual(news, ['collapse', 'exit']);
}

describe('a driver whose member holds 1 GiB', () => {
  test('tells of its collapse ahead of its exit', async (t) => {
    await assertSeenEarly(async () => await newsOfDeath(t, false));
  });

  test('tells of the collapse of one that it adopted', async (t) => {
    await assertSeenEarly(async () => await newsOfDeath(t, true));
  });

  test('tells of no collapse unless it is to look for it', async (t) => {
    const bench = makeBench(LARGE, { onCollapse: () => assert.fail('nobody asked') });
    t.after(async () => await bench.dispose());
    const { pid } = await bench.driver.start({ capacity: 'full', signal: within() });
    bench.driver.lookForCollapse(true);
    bench.driver.lookForCollapse(false);
    await eventually('its memory', () => bench.output().includes('up'));
    process.kill(pid, 'SIGKILL');
    await eventually('the exit', () => bench.exits.length === 1);
  });
});
