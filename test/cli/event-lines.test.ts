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
  assert.match(firstLine({ ...acted, observeOnly: true }), /observe-only, no action/);
});

test('members are said to be stopped only where some are', () => {
  assert.match(stopNotice(['observe', 'manage'], 'en'), /timeouts\.stop/);
  assert.match(stopNotice(['observe'], 'en'), /keep running/);
});

test('a member that was found failed and then fenced is not told of as failed twice', () => {
  const repair = { attempts: 1, notBefore: 0, fault: null, detail: '' } as const;
  const base = { member: 'a', health: 'failed', ready: false, pid: null, repair } as const;
  const told = (reason: 'confirmedDead' | 'exited', lifecycle: 'running' | 'absent') =>
    eventLines({ kind: 'health', data: { ...base, reason, lifecycle } }, 'en');
  assert.match(told('confirmedDead', 'running')[0] ?? '', /^a failed/);
  assert.deepEqual(told('confirmedDead', 'absent'), ['a fenced: all its processes are gone']);
  assert.match(told('exited', 'absent')[0] ?? '', /^a failed/);
});

function toldOf(data: ProcessChange): string {
  return eventLines({ kind: 'proxy', data }, 'en').join('\n');
}

test('the end of a proxy process is told with what it had, and so is what follows', () => {
  const process = { process: 1, pid: 42 } as const;
  assert.match(
    toldOf({ ...process, change: 'ended', lost: { connections: 3, requests: 1 } }),
    /process 1 \(pid 42\) exited, lost 3 connections and 1 in-flight request/,
  );
  assert.match(
    toldOf({ ...process, change: 'hung', lost: null }),
    /did not respond and was killed, number of lost connections unknown/,
  );
  assert.match(toldOf({ ...process, change: 'started' }), /restarted \(pid 42\)/);
  assert.match(toldOf({ change: 'unkept' }), /socket holder exited/);
});

test('a standby that does not wait is told with what it has to do', () => {
  const [line = ''] = eventLines({ kind: 'acceptedEarly', data: { member: 'b' } }, 'en');
  assert.match(line, /^b accepted clients while standby; .*HOTWARM_ACTIVATE_FD/);
});
