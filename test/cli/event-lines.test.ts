import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HealthChange, IncidentChange } from '../../src/agent/contract.ts';
import { eventLines, stopNotice } from '../../src/cli/event-lines.ts';
import type { ProcessChange } from '../../src/drivers/traffic/contract.ts';
import { play } from '../core/scenario.ts';

const READY: HealthChange = {
  member: 'a',
  health: 'healthy',
  reason: 'answering',
  lifecycle: 'running',
  ready: true,
  pid: 42,
  repair: { fault: null, detail: '', attempts: 0, notBefore: 0 },
};

function incidentOf(script: string): IncidentChange {
  const { incident } = play(script).world.service;
  assert.ok(incident !== null);
  return { ...incident, opened: true };
}

function firstLine(data: IncidentChange): string {
  return eventLines({ kind: 'incident', data }, 'en')[0] ?? '';
}

test('a member that is ready is told with its process, an observed one without', () => {
  assert.deepEqual(eventLines({ kind: 'health', data: READY }, 'en'), ['a is ready (pid 42)']);
  assert.deepEqual(eventLines({ kind: 'health', data: { ...READY, pid: null } }, 'en'), [
    'a is ready',
  ]);
});

test('an incident that is only observed says first that nothing is done', () => {
  const acted = incidentOf('start\nrun 1000\nexit a\nrun 1000');
  assert.doesNotMatch(firstLine(acted), /observe-only/);
  assert.match(firstLine({ ...acted, observeOnly: true }), /observe-only, nothing is done/);
});

test('members are said to be stopped only where some are', () => {
  assert.match(stopNotice(['observe', 'manage']), /stop time-out/);
  assert.match(stopNotice(['observe']), /left as they are/);
});

test('a member that was found failed and then fenced is not told of as failed twice', () => {
  const repair = { attempts: 1, notBefore: 0, fault: null, detail: '' } as const;
  const base = { member: 'a', health: 'failed', ready: false, pid: null, repair } as const;
  const told = (reason: 'confirmedDead' | 'exited', lifecycle: 'running' | 'absent') =>
    eventLines({ kind: 'health', data: { ...base, reason, lifecycle } }, 'en');
  assert.match(told('confirmedDead', 'running')[0] ?? '', /^a is failed/);
  assert.deepEqual(told('confirmedDead', 'absent'), ['a is fenced: nothing of it is left']);
  assert.match(told('exited', 'absent')[0] ?? '', /^a is failed/);
});

function toldOf(data: ProcessChange): string {
  return eventLines({ kind: 'proxy', data }, 'en').join('\n');
}

test('the end of a proxy process is told with what it had, and so is what follows', () => {
  const process = { process: 1, pid: 42 } as const;
  assert.match(
    toldOf({ ...process, change: 'ended', lost: { connections: 3, requests: 1 } }),
    /process 1 \(pid 42\) ended, and with it 3 connections and 1 request under way/,
  );
  assert.match(
    toldOf({ ...process, change: 'hung', lost: null }),
    /did not answer and was killed, with an unknown number of connections/,
  );
  assert.match(toldOf({ ...process, change: 'started' }), /there again \(pid 42\)/);
  assert.match(toldOf({ change: 'unkept' }), /the socket holder has exited/);
});

test('a standby that does not wait is told with what it has to do', () => {
  const [line = ''] = eventLines({ kind: 'acceptedEarly', data: { member: 'b' } }, 'en');
  assert.match(line, /^b stands by and accepts clients all the same: .*HOTWARM_ACTIVATE_FD/);
});
