import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Probe } from '../../../src/drivers/probe/contract.ts';
import { verdict } from './support.ts';

// What every probe must do, whatever it looks at.

export type ProbeSubject = {
  readonly healthy: Probe;
  /** Of a member that is certainly not healthy, and says so at once. */
  readonly unhealthy: Probe;
  /** Of a member that does not answer at all; null: this kind cannot tell. */
  readonly hung: Probe | null;
  dispose(): Promise<void>;
};

export function probeConformance(kind: string, make: () => Promise<ProbeSubject>): void {
  const check = (name: string, body: (subject: ProbeSubject) => Promise<void>): void => {
    it(name, async () => {
      const subject = await make();
      try {
        await body(subject);
      } finally {
        const probes = [subject.healthy, subject.unhealthy, subject.hung];
        for (const probe of probes) await probe?.close();
        await subject.dispose();
      }
    });
  };

  describe(`a probe of kind ${kind}`, () => {
    check('says ok with a latency, look after look, fresh or not', async ({ healthy }) => {
      for (const fresh of [false, true, false, false, true]) {
        const answer = await healthy.check({ timeoutMs: 10_000, fresh });
        assert.equal(verdict(answer), 'ok');
        assert.ok(answer.ok && answer.latencyMs > 0 && answer.latencyMs < 10_000);
      }
    });

    check('answers with a fault and a detail instead of throwing', async ({ unhealthy }) => {
      for (const fresh of [false, true]) {
        const answer = await unhealthy.check({ timeoutMs: 10_000, fresh });
        assert.ok(!answer.ok && answer.fault !== 'timeout');
        assert.ok(answer.detail.length > 0 && answer.detail.length < 2000);
      }
    });

    check('allows looks side by side', async ({ healthy }) => {
      const looks = [false, true, false].map((fresh) =>
        healthy.check({ timeoutMs: 10_000, fresh }),
      );
      const answers = await Promise.all(looks);
      assert.deepEqual(answers.map(verdict), ['ok', 'ok', 'ok']);
    });

    check('gives up at the time-out', async ({ hung }) => {
      if (hung === null) return;
      const answers = await Promise.all(
        [false, true].map((fresh) => hung.check({ timeoutMs: 30, fresh })),
      );
      assert.deepEqual(answers.map(verdict), ['timeout', 'timeout']);
    });

    check('ends what is under way when it is closed', async ({ hung }) => {
      if (hung === null) return;
      const look = hung.check({ timeoutMs: 3_600_000, fresh: false });
      await hung.close();
      assert.notEqual(verdict(await look), 'ok');
    });
  });
}
