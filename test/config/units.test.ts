import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  formatAddress,
  formatDuration,
  formatShare,
  formatSize,
  parseAddress,
  parseDuration,
  parseShare,
  parseSize,
} from '../../src/config/units.ts';

test('durations are read in their unit', () => {
  assert.equal(parseDuration('250ms'), 250);
  assert.equal(parseDuration('1.5s'), 1500);
  assert.equal(parseDuration('5m'), 300_000);
  assert.equal(parseDuration('2h'), 7_200_000);
  assert.equal(parseDuration('1d'), 86_400_000);
});

test('what is not exactly a number and a unit is not a duration', () => {
  for (const text of [
    '',
    '5',
    's',
    '5 s',
    '5seconds',
    '-5s',
    '1e3ms',
    '5S',
    '5s ',
    '.5s',
    '0x5s',
  ]) {
    assert.equal(parseDuration(text), null, text);
  }
});

test('sizes are powers of 1024, and decimal units are refused', () => {
  assert.equal(parseSize('1KiB'), 1024);
  assert.equal(parseSize('64MiB'), 67_108_864);
  assert.equal(parseSize('0B'), 0);
  for (const text of ['64', '64MB', '64 MiB', '64mib']) assert.equal(parseSize(text), null, text);
});

test('shares are exact', () => {
  assert.equal(parseShare('99.99%'), 0.9999);
  assert.equal(parseShare('20%'), 0.2);
  assert.equal(parseShare('0.2'), null);
});

test('addresses have a host and a port from 1 to 65535', () => {
  assert.deepEqual(parseAddress('127.0.0.1:8080'), { host: '127.0.0.1', port: 8080 });
  assert.deepEqual(parseAddress('[::1]:80'), { host: '::1', port: 80 });
  for (const text of ['localhost', ':80', '::1:80', 'a:0', 'a:65536', 'a:b', 'a b:80']) {
    assert.equal(parseAddress(text), null, text);
  }
});

test('every duration, size, share and address is read back as it was written', () => {
  const whole = fc.integer({ min: 0, max: 10 ** 9 });
  fc.assert(
    fc.property(whole, whole, fc.integer({ min: 1, max: 65_535 }), (ms, bytes, port) => {
      assert.equal(parseDuration(formatDuration(ms)), ms);
      assert.equal(parseSize(formatSize(bytes)), bytes);
      for (const host of ['127.0.0.1', '::1', 'h1']) {
        assert.deepEqual(parseAddress(formatAddress({ host, port })), { host, port });
      }
    }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10_000 }), (perMyriad) => {
      assert.equal(parseShare(formatShare(perMyriad / 10_000)), perMyriad / 10_000);
    }),
  );
});
