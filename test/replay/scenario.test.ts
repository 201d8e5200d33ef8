import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  compareTranscript,
  exportScenario,
  isRecordedScenario,
  parseScenario,
  transcript,
} from '../../src/replay/scenario.ts';
import { walk } from '../../src/replay/verify.ts';
import { record } from './recorded.ts';

const CRASH = 'start\nrun 3000\nexit a\nrun 3000\n';

function exported(): string {
  const text = exportScenario(walk(record(CRASH)), 'failover 1');
  assert.ok(text !== null);
  return text;
}

test('an exported incident replays from its file to the same transcript and the same orders', () => {
  const text = exported();
  assert.ok(isRecordedScenario(text));
  const parsed = parseScenario(text);
  assert.ok(parsed.ok);
  const again = walk(parsed.recording);
  assert.deepEqual(again.divergences, []);
  assert.equal(compareTranscript(again, parsed.transcript), null);
  const whole = transcript(walk(record(CRASH)));
  assert.deepEqual(parsed.transcript, whole.slice(-parsed.transcript.length));
  assert.match(
    parsed.transcript[0] ?? '',
    /^ +0 +memberExited a SIGKILL · phase steady→failingOver/,
  );
});

test('a transcript that says otherwise is found, with its line', () => {
  const parsed = parseScenario(exported());
  assert.ok(parsed.ok);
  const changed = parsed.transcript.with(1, 'otherwise');
  const difference = compareTranscript(walk(parsed.recording), changed);
  assert.deepEqual(
    [difference?.code, difference?.code === 'otherTranscript' && difference.line],
    ['otherTranscript', 2],
  );
});

test('what tells of a machine does not go with it: hosts and texts of errors', () => {
  const recording = record('start\nrun 3000\nfail acquireLease - conflict\nexit a\nrun 3000\n');
  const secret = JSON.stringify(recording)
    .replaceAll('"host":"h1"', '"host":"db7.internal.example"')
    .replaceAll('told to', 'spawn /opt/shop/run --token=s3cret');
  const text = exportScenario(walk(JSON.parse(secret) as typeof recording), 'failover 1');
  assert.ok(text !== null && secret.includes('s3cret'));
  assert.doesNotMatch(text, /internal\.example|s3cret|\/opt\//);
  const parsed = parseScenario(text);
  assert.ok(parsed.ok);
  assert.equal(compareTranscript(walk(parsed.recording), parsed.transcript), null);
});

test('a file that is no recording is refused with the line and the reason', () => {
  const cases: readonly (readonly [string, number, RegExp])[] = [
    ['start\nrun 100\n---\n', 1, /expected recording or event/],
    ['# nothing\n---\n', 1, /no line begins with "recording"/],
    ['recording {}\n---\n', 1, /missing/],
    ['recording {"service"\n---\n', 1, /JSON|Expected/],
    [exported().replace(/^---$/m, ''), 0, /line --- .* is missing/],
    [exported().replace(/^event .*$/m, 'event {"type":"probeSucceeded"}'), 3, /type and a time/],
    [exported().replace(/^(event .*)\n/m, 'event {"type":"x","at":1e9}\n$1\n'), 4, /backwards/],
  ];
  for (const [text, line, reason] of cases) {
    const parsed = parseScenario(text);
    assert.ok(!parsed.ok, text.slice(0, 80));
    assert.match(parsed.fault.reason.en, reason);
    if (line > 0) assert.equal(parsed.fault.line, line);
  }
});
