import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DriverError } from '../../../src/drivers/driver-error.ts';
import type { Fence } from '../../../src/drivers/fence/contract.ts';
import { within } from '../../eventually.ts';
import { isFault } from '../member/conformance.ts';

// What every fence must do, by whatever means, in the real world and in the simulated one. What is asked of it beyond
// the proof follows from the abilities that it states.

export type FenceSubject = {
  readonly fence: Fence;
  /** A fence of the same member that cannot get its proof. */
  readonly helpless: Fence;
  /** Starts the member, which serves whoever reaches it. */
  start(): Promise<void>;
  /** Whether the member serves a client who comes now. */
  serves(): Promise<boolean>;
  /** Begins what lasts: a connection, a process. */
  hold(): Promise<Held>;
  /** The monotonic clock. */
  now(): number;
  /** Lets the clock pass that instant. */
  pass(instant: number): Promise<void>;
  /** The promise, once the world has gone on so far. */
  readonly settle: <T>(promise: Promise<T>) => Promise<T>;
  dispose(): Promise<void>;
};

export type Held = {
  readonly stands: () => boolean;
  /** Resolves once it stands no more. */
  readonly end: () => Promise<void>;
};

const LEASE_MS = 400;
/** Later than the end of any case. */
const FAR_MS = 600_000;
const isConflict = (error: unknown): boolean => isFault(error, 'conflict');

export function fenceConformance(
  kind: string,
  make: () => FenceSubject | Promise<FenceSubject>,
  { extendable }: { readonly extendable: boolean },
): void {
  const check = (name: string, body: (subject: FenceSubject) => Promise<void>): void => {
    it(name, async () => {
      const subject = await make();
      try {
        await body(subject);
      } finally {
        await subject.dispose();
      }
    });
  };
  describe(`a fence: ${kind}`, () => {
    check('states whether it is extended', async ({ fence }) => {
      assert.equal(fence.abilities.extendable, extendable);
    });
    check('lets the member serve, and resolves once it serves no more', proves);
    check('may be ordered again, and where there is nothing to fence', isIdempotent);
    check('claims nothing without proof', claimsNothing);
    check('lets the member serve again under a later epoch', servesAgain);
    if (extendable) {
      check('cuts the member off at the deadline, with nobody to order it', endsByItself);
      check('moves the deadline on with each extension', movesOn);
      check('knows no deadline where there is none', knowsNoEnd);
      check('takes no extension of an earlier epoch', refusesEarlier);
      check('is not opened by an extension that was ordered before it', keepsOrder);
    } else check('leaves a member alone that was not extended', needsNoExtension);
  });
}

async function extend(
  { fence, settle }: FenceSubject,
  until: number | null,
  epoch = 1,
): Promise<void> {
  await settle(fence.extend({ epoch, until, signal: within() }));
}

async function order({ fence, settle }: FenceSubject): Promise<void> {
  await settle(fence.fence({ signal: within() }));
}

async function proves(subject: FenceSubject): Promise<void> {
  await subject.start();
  await extend(subject, null);
  assert.equal(await subject.serves(), true);
  const held = await subject.hold();
  await order(subject);
  assert.equal(await subject.serves(), false);
  await held.end();
}

async function isIdempotent(subject: FenceSubject): Promise<void> {
  await order(subject);
  await subject.start();
  await extend(subject, null);
  await order(subject);
  await order(subject);
  assert.equal(await subject.serves(), false);
}

async function claimsNothing(subject: FenceSubject): Promise<void> {
  await subject.start();
  await extend(subject, null);
  const fenced = subject.settle(subject.helpless.fence({ signal: AbortSignal.abort() }));
  await assert.rejects(fenced, (error) => error instanceof DriverError);
}

async function servesAgain(subject: FenceSubject): Promise<void> {
  await subject.start();
  await extend(subject, null);
  await order(subject);
  await subject.start();
  await extend(subject, null, 2);
  assert.equal(await subject.serves(), true);
}

async function needsNoExtension(subject: FenceSubject): Promise<void> {
  await subject.start();
  const until = subject.now() + LEASE_MS;
  await extend(subject, until);
  await subject.pass(until);
  assert.equal(await subject.serves(), true);
}

async function endsByItself(subject: FenceSubject): Promise<void> {
  await subject.start();
  assert.equal(await subject.serves(), false, 'before the first extension nobody reaches it');
  const until = subject.now() + LEASE_MS;
  await extend(subject, until);
  const held = await subject.hold();
  await subject.pass(until);
  assert.equal(await subject.serves(), false);
  // What was established is cut, too.
  await held.end();
}

async function movesOn(subject: FenceSubject): Promise<void> {
  await subject.start();
  await extend(subject, null);
  const held = await subject.hold();
  const first = subject.now() + LEASE_MS;
  await extend(subject, first);
  await extend(subject, first + FAR_MS);
  await subject.pass(first);
  assert.equal(await subject.serves(), true);
  assert.equal(held.stands(), true);
}

async function knowsNoEnd(subject: FenceSubject): Promise<void> {
  await subject.start();
  const first = subject.now() + LEASE_MS;
  await extend(subject, first);
  await extend(subject, null);
  await subject.pass(first);
  assert.equal(await subject.serves(), true);
}

async function refusesEarlier(subject: FenceSubject): Promise<void> {
  await subject.start();
  const first = subject.now() + LEASE_MS;
  await extend(subject, first, 5);
  await assert.rejects(extend(subject, null, 4), isConflict);
  await subject.pass(first);
  assert.equal(await subject.serves(), false);
}

async function keepsOrder(subject: FenceSubject): Promise<void> {
  await subject.start();
  const { fence, settle } = subject;
  const extension = fence.extend({ epoch: 1, until: null, signal: within() });
  const fenced = fence.fence({ signal: within() });
  await settle(Promise.all([extension, fenced]));
  assert.equal(await subject.serves(), false);
}
