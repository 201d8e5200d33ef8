import assert from 'node:assert/strict';
import type { StoredIncident } from '../../src/agent/contract.ts';
import type { ServiceReport, StatusReport } from '../../src/api/status.ts';
import { isWhole } from '../../src/drill/agent-process.ts';
import type { Agent, Ended, Sandbox } from './sandbox.ts';
import { eventually } from '../eventually.ts';

// What end-to-end tests share: what an operator reads and waits for, and what is expected of what is typed.

/** Commands that succeed are quiet where nobody looks at a terminal. */
export function expectQuietSuccess(ended: Ended): void {
  assert.deepEqual(ended, { code: 0, out: '', err: '' });
}

export async function wholeWith(agent: Agent, active: string): Promise<ServiceReport> {
  return await agent.until(
    `${active} serves and the other one stands by`,
    (service) => service.active === active && isWhole(service),
  );
}

/** Ready and frozen: nothing is known of it any more. Until then it may accept from a shared socket as well. */
export async function untilStandingBy(agent: Agent, name: string): Promise<ServiceReport> {
  return await agent.until(`${name} stands by`, (service) => {
    const member = service.members[name];
    return isWhole(service) && member?.role === 'standby' && member.health === 'unknown';
  });
}

export async function untilObserved(agent: Agent, incident: number): Promise<void> {
  await eventually(
    'the incident has been observed to its end',
    async () => typeof (await agent.incident(incident))?.incident.endedAt === 'number',
  );
}

/** The output of a command that reads, as the type that is claimed for it; its fields are asserted where they matter. */
export async function readJson<T>(
  sandbox: Sandbox,
  isIt: (value: unknown) => value is T,
  ...args: string[]
) {
  const ended = await sandbox.run(...args, '--json');
  assert.equal(ended.code, 0, ended.err);
  assert.equal(ended.err, '');
  const value: unknown = JSON.parse(ended.out);
  assert.ok(isIt(value), ended.out);
  return value;
}

export function isStatus(value: unknown): value is StatusReport {
  return typeof value === 'object' && value !== null && 'services' in value;
}

export function isHistory(
  value: unknown,
): value is { readonly incidents: readonly StoredIncident[] } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'incidents' in value &&
    Array.isArray(value.incidents)
  );
}

export function isStored(value: unknown): value is StoredIncident {
  return typeof value === 'object' && value !== null && 'incident' in value;
}
