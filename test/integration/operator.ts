import assert from 'node:assert/strict';
import type { StoredIncident } from '../../src/agent/contract.ts';
import type { ServiceReport, StatusReport } from '../../src/api/status.ts';
import { isWhole } from '../../src/drill/agent-process.ts';
import type { Agent, Ended, Sandbox } from './sandbox.ts';

// What the tests of the commands share: what an operator reads, and what is expected of what is typed.

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
