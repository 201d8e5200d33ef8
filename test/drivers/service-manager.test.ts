import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assignments, ServiceManager } from '../../src/drivers/service-manager.ts';
import { AppError } from '../../src/errors.ts';

test('nobody is told where nobody asked', () => {
  assert.equal(ServiceManager.of({}, 1), null);
  assert.equal(ServiceManager.of({ NOTIFY_SOCKET: '', WATCHDOG_USEC: '1000' }, 1), null);
});

function due(env: Readonly<Record<string, string>>): number | null | undefined {
  return ServiceManager.of({ NOTIFY_SOCKET: '/s', ...env }, 42)?.watchdogMs;
}

test('proof of life is due as sd_watchdog_enabled says', () => {
  assert.equal(due({}), null);
  assert.equal(due({ WATCHDOG_USEC: '10000000' }), 10_000);
  assert.equal(due({ WATCHDOG_USEC: '10000000', WATCHDOG_PID: '42' }), 10_000);
  assert.equal(due({ WATCHDOG_USEC: '10000000', WATCHDOG_PID: '43' }), null);
  assert.equal(due({ WATCHDOG_USEC: '0' }), null);
  assert.equal(due({ WATCHDOG_USEC: 'soon' }), null);
});

test('a status stays one assignment, whatever is in it', () => {
  assert.deepEqual(assignments({ ready: true, status: 'a\nREADY=1\u0000b' }), [
    'READY=1',
    'STATUS=a READY=1 b',
  ]);
  assert.equal(assignments({ status: 'x'.repeat(1000) })[0]?.length, 'STATUS='.length + 300);
});

test('the main process is named before anything that is said of it', () => {
  assert.deepEqual(assignments({ watchdog: true, mainPid: 7, ready: true, extendMs: 1.5 }), [
    'MAINPID=7',
    'READY=1',
    'WATCHDOG=1',
    'EXTEND_TIMEOUT_USEC=2000',
  ]);
});

test('a host without systemd-notify is told of, as somebody would wait in vain', async () => {
  const manager = ServiceManager.of({ NOTIFY_SOCKET: '/s', PATH: '/nonexistent' }, 1);
  await assert.rejects(
    async () => await manager?.tell({ ready: true }),
    (error) => error instanceof AppError && error.code === 'binaryMissing',
  );
});

test('a socket that is not there is told of', async () => {
  const { PATH } = process.env;
  const manager = ServiceManager.of({ NOTIFY_SOCKET: '/nonexistent/socket', PATH }, 1);
  await assert.rejects(
    async () => await manager?.tell({ ready: true }),
    (error) => error instanceof AppError && error.code === 'failed',
  );
});
