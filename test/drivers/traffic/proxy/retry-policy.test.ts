import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  retryDecisionFor,
  type Loss,
  type RetryDecision,
} from '../../../../src/drivers/traffic/proxy/retry-policy.ts';

const LOSS: Loss = {
  fault: 'closed',
  sent: true,
  idledMs: null,
  idempotent: true,
  whole: true,
  attemptsLeft: 1,
  staleBefore: false,
};

const CASES: readonly (readonly [name: string, change: Partial<Loss>, remedy: RetryDecision])[] = [
  ['an idempotent request is sent again', {}, 'replay'],
  ['another one is not', { idempotent: false }, 'giveUp'],
  [
    'one that nobody has seen goes anywhere',
    { sent: false, idempotent: false, attemptsLeft: 0 },
    'dispatch',
  ],
  ['one without attempts left is not sent again', { attemptsLeft: 0 }, 'giveUp'],
  ['one whose body is gone is not sent again', { whole: false }, 'giveUp'],
  ['a nonsensical answer is an answer', { fault: 'badAnswer' }, 'giveUp'],
  ['a silent member may be given up', { fault: 'timeout' }, 'replay'],
  ['a connection in use lately was lost to a crash', { idledMs: 5 }, 'replay'],
  [
    'a connection long idle was stale, whatever the attempts',
    { idledMs: 500, attemptsLeft: 0 },
    'sameMember',
  ],
  [
    'a stale connection does not make a POST repeatable',
    { idledMs: 500, idempotent: false },
    'giveUp',
  ],
  ['twice stale is a crash', { idledMs: 500, staleBefore: true }, 'replay'],
  [
    'a time-out has nothing to do with idleness',
    { idledMs: 500, fault: 'timeout', attemptsLeft: 0 },
    'giveUp',
  ],
  ['what the proxy cut may go elsewhere', { fault: 'cut', idledMs: 500 }, 'replay'],
];

suite('the retry decision for a lost connection', () => {
  for (const [name, change, remedy] of CASES) {
    test(name, () => assert.equal(retryDecisionFor({ ...LOSS, ...change }), remedy));
  }
});
