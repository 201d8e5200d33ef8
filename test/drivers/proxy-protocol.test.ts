import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import {
  plainAddress,
  proxyHeaderFor,
  readProxyHeader,
  type Endpoints,
  type HeaderReading,
} from '../../src/drivers/proxy-protocol.ts';

const SIGNATURE = '0d0a0d0a000d0a515549540a';

/** Version 2: command, family and transport, and what follows, in hex. */
function binary(command: string, family: string, rest: string): Buffer {
  const length = (rest.length / 2).toString(16).padStart(4, '0');
  return Buffer.from(SIGNATURE + command + family + length + rest, 'hex');
}

const text = (line: string): Buffer => Buffer.from(line, 'latin1');

const port = fc.integer({ min: 0, max: 65_535 });
const endOf = (address: fc.Arbitrary<string>): fc.Arbitrary<Endpoints['source']> =>
  fc.record({ address: address.map(plainAddress), port }, { noNullPrototype: true });
const either = (address: fc.Arbitrary<string>): fc.Arbitrary<Endpoints> =>
  fc.record({ source: endOf(address), destination: endOf(address) }, { noNullPrototype: true });
const endpoints = fc.oneof(either(fc.ipV4()), either(fc.ipV6()));

const V4 = '7f0000010a0000021f9001bb';
const V4_READ = {
  source: { address: '127.0.0.1', port: 8080 },
  destination: { address: '10.0.0.2', port: 443 },
};

const read = (rest: Partial<HeaderReading & { kind: 'header' }>): HeaderReading => ({
  kind: 'header',
  bytes: 16,
  endpoints: null,
  ...rest,
});

suite('the PROXY protocol header', () => {
  test('what is written is read again, however much follows', () => {
    fc.assert(
      fc.property(endpoints, fc.uint8Array({ maxLength: 50 }), (sent, after) => {
        const header = proxyHeaderFor(sent);
        const reading = readProxyHeader(Buffer.concat([header, after]));
        assert.deepEqual(reading, { kind: 'header', bytes: header.length, endpoints: sent });
      }),
    );
  });

  test('a part of a header asks for more, whatever its length', () => {
    fc.assert(
      fc.property(endpoints, (sent) => {
        const header = proxyHeaderFor(sent);
        for (let length = 0; length < header.length; length += 1) {
          assert.deepEqual(readProxyHeader(header.subarray(0, length)), { kind: 'more' });
        }
      }),
    );
  });

  test('version 1 is read in both families, whole or in parts', () => {
    fc.assert(
      fc.property(endpoints, ({ source, destination }) => {
        fc.pre(source.address.includes(':') === destination.address.includes(':'));
        const family = source.address.includes(':') ? 'TCP6' : 'TCP4';
        const line = text(
          `PROXY ${family} ${source.address} ${destination.address} ${source.port} ${destination.port}\r\n`,
        );
        assert.deepEqual(readProxyHeader(Buffer.concat([line, text('GET /')])), {
          kind: 'header',
          bytes: line.length,
          endpoints: { source, destination },
        });
        assert.deepEqual(readProxyHeader(line.subarray(0, -1)), { kind: 'more' });
      }),
    );
  });

  test('no bytes at all make it fail or take more than there is', () => {
    const start = fc.constantFrom('', SIGNATURE, `${SIGNATURE}21`, '50524f585920');
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 300 }), (before, after) => {
        const data = Buffer.concat([Buffer.from(before, 'hex'), after]);
        const reading = readProxyHeader(data);
        if (reading.kind === 'header') assert.ok(reading.bytes <= data.length);
      }),
      { numRuns: 2000 },
    );
  });

  const ROWS: readonly (readonly [string, Buffer, HeaderReading])[] = [
    ['IPv4', binary('21', '11', V4), read({ bytes: 28, endpoints: V4_READ })],
    [
      'extensions are skipped',
      binary('21', '11', `${V4}0100026832e0000100`),
      read({ bytes: 37, endpoints: V4_READ }),
    ],
    ['extensions that overrun', binary('21', '11', `${V4}01000368`), { kind: 'malformed' }],
    ['addresses cut short', binary('21', '11', V4.slice(2)), { kind: 'malformed' }],
    ['IPv6 cut short', binary('21', '21', V4), { kind: 'malformed' }],
    ['LOCAL', binary('20', '00', ''), read({})],
    ['LOCAL with addresses', binary('20', '11', V4), read({ bytes: 28 })],
    ['no family', binary('21', '00', ''), read({})],
    ['no family, and something that follows', binary('21', '00', 'ff'), read({ bytes: 17 })],
    ['datagrams', binary('21', '12', V4), read({ bytes: 28 })],
    ['a Unix socket', binary('21', '31', '00'.repeat(216)), read({ bytes: 232 })],
    ['a Unix socket cut short', binary('21', '31', '00'.repeat(215)), { kind: 'malformed' }],
    ['another version', binary('11', '11', V4), { kind: 'malformed' }],
    ['another command', binary('22', '11', V4), { kind: 'malformed' }],
    ['another family', binary('21', '41', V4), { kind: 'malformed' }],
    ['another transport', binary('21', '13', V4), { kind: 'malformed' }],
    ['more than anyone needs', binary('21', '00', '00'.repeat(4097)), { kind: 'malformed' }],
    ['version 1, unknown', text('PROXY UNKNOWN\r\n'), read({ bytes: 15 })],
    ['version 1, unknown with more', text('PROXY UNKNOWN a b\r\n'), read({ bytes: 19 })],
    ['version 1, IPv6 as IPv4', text('PROXY TCP4 ::1 ::1 1 2\r\n'), { kind: 'malformed' }],
    [
      'version 1, a port too large',
      text('PROXY TCP4 1.1.1.1 1.1.1.1 1 65536\r\n'),
      { kind: 'malformed' },
    ],
    [
      'version 1, a leading zero',
      text('PROXY TCP4 1.1.1.1 1.1.1.1 01 2\r\n'),
      { kind: 'malformed' },
    ],
    ['version 1, two blanks', text('PROXY  TCP4 1.1.1.1 1.1.1.1 1 2\r\n'), { kind: 'malformed' }],
    ['version 1 without a return', text('PROXY TCP4 1.1.1.1 1.1.1.1 1 2\n'), { kind: 'more' }],
    ['version 1 without an end', text(`PROXY UNKNOWN ${'x'.repeat(93)}`), { kind: 'malformed' }],
    ['a request', text('GET / HTTP/1.1\r\n'), { kind: 'malformed' }],
    ['a request of one letter', text('P'), { kind: 'more' }],
    ['a TLS greeting', Buffer.from('160301', 'hex'), { kind: 'malformed' }],
  ];
  for (const [name, data, expected] of ROWS) {
    test(`${name}: ${expected.kind}`, () => assert.deepEqual(readProxyHeader(data), expected));
  }

  test('an unknown address is sent as LOCAL, and mixed families as IPv6', () => {
    assert.deepEqual(proxyHeaderFor(null), binary('20', '00', ''));
    const mixed: Endpoints = {
      source: { address: '10.0.0.1', port: 1 },
      destination: { address: '::1', port: 2 },
    };
    assert.deepEqual(
      proxyHeaderFor(mixed),
      binary('21', '21', `${'00'.repeat(10)}ffff0a000001${'00'.repeat(15)}0100010002`),
    );
  });
});
