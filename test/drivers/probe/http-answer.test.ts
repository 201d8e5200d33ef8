import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { AnswerReader, type AnswerState } from '../../../src/drivers/probe/http-answer.ts';

/** The state after the text has come in pieces of the given sizes. */
function read(text: string, sizes: readonly number[]): AnswerState {
  const reader = new AnswerReader();
  const bytes = Buffer.from(text, 'latin1');
  let state: AnswerState = { kind: 'partial' };
  let at = 0;
  for (let piece = 0; at < bytes.length && state.kind === 'partial'; piece += 1) {
    const size = sizes[piece % sizes.length] ?? 1;
    state = reader.take(bytes.subarray(at, at + size));
    at += size;
  }
  return state;
}

describe('the reader of answers', () => {
  it('comes to the same end however the bytes are split', () => {
    const bodies = fc.constantFrom(
      ['content-length: 5', 'hello'],
      ['transfer-encoding: chunked', '5\r\nhello\r\n0\r\n\r\n'],
      ['content-length: 0', ''],
    );
    const pieces = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(
        bodies,
        fc.integer({ min: 200, max: 599 }),
        pieces,
        ([field, body], code, sizes) => {
          fc.pre(code !== 204 && code !== 304);
          const state = read(`HTTP/1.1 ${code} X\r\n${field}\r\n\r\n${body}`, sizes);
          assert.ok(state.kind === 'judged' && state.reusable && state.head.status === code);
        },
      ),
    );
  });

  it('never throws and never judges what does not begin like an answer', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 7, maxLength: 400 }), (bytes) => {
        const text = Buffer.from(bytes).toString('latin1');
        fc.pre(!text.startsWith('HTTP/1.'));
        assert.equal(new AnswerReader().take(Buffer.from(bytes)).kind, 'malformed');
      }),
    );
  });

  it('gives up on a head without end', () => {
    const reader = new AnswerReader();
    assert.equal(reader.take(Buffer.from('HTTP/1.1 200 OK\r\n')).kind, 'partial');
    assert.equal(reader.take(Buffer.alloc(17 * 1024, 'x')).kind, 'malformed');
  });
});
