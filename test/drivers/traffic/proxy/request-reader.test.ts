import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { bytes, oneByOne, readAll } from './read-all.ts';

const HOST = 'Host: h\r\n';
const get = (fields: string): string => `GET / HTTP/1.1\r\n${HOST}${fields}\r\n`;
const post = (fields: string, body: string): string =>
  `POST / HTTP/1.1\r\n${HOST}${fields}\r\n${body}`;
const chunked = (body: string): string => post('Transfer-Encoding: chunked\r\n', body);

/** What must be refused, and with which status. */
const REFUSED: readonly (readonly [name: string, request: string, status: number])[] = [
  [
    'a length with a transfer coding',
    post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
    400,
  ],
  [
    'a transfer coding with a length',
    post('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', '0\r\n\r\n'),
    400,
  ],
  ['two equal lengths', post('Content-Length: 1\r\nContent-Length: 1\r\n', 'x'), 400],
  ['two different lengths', post('Content-Length: 1\r\nContent-Length: 2\r\n', 'x'), 400],
  ['two lengths of nothing', post('Content-Length: 0\r\nContent-Length: 0\r\n', ''), 400],
  ['a list of lengths', post('Content-Length: 1, 1\r\n', 'x'), 400],
  ['a signed length', post('Content-Length: +1\r\n', 'x'), 400],
  ['a negative length', post('Content-Length: -1\r\n', 'x'), 400],
  ['a hexadecimal length', post('Content-Length: 0x1\r\n', 'x'), 400],
  ['a length with a space inside', post('Content-Length: 1 0\r\n', 'x'), 400],
  ['an empty length', post('Content-Length:\r\n', 'x'), 400],
  ['a length beyond all numbers', post('Content-Length: 99999999999999999999\r\n', 'x'), 400],
  ['chunked twice in one field', post('Transfer-Encoding: chunked, chunked\r\n', '0\r\n\r\n'), 501],
  [
    'chunked twice in two fields',
    post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
    400,
  ],
  ['chunked before another coding', post('Transfer-Encoding: chunked, gzip\r\n', '0\r\n\r\n'), 400],
  ['another coding before chunked', post('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n'), 501],
  ['the identity coding', post('Transfer-Encoding: identity\r\n', ''), 400],
  ['a disguised coding', post('Transfer-Encoding: xchunked\r\n', '0\r\n\r\n'), 400],
  ['a coding with a vertical tab', post('Transfer-Encoding: \x0bchunked\r\n', '0\r\n\r\n'), 400],
  ['a quoted coding', post('Transfer-Encoding: "chunked"\r\n', '0\r\n\r\n'), 400],
  ['an empty coding', post('Transfer-Encoding:\r\n', '0\r\n\r\n'), 400],
  [
    'a coding in HTTP/1.0',
    `POST / HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
  ],
  ['white space before the colon', get('Content-Length : 0\r\n'), 400],
  ['a tab before the colon', get('X\t: y\r\n'), 400],
  ['white space before the first field', `GET / HTTP/1.1\r\n ${HOST}\r\n`, 400],
  ['a folded field', get('X: a\r\n b\r\n'), 400],
  ['a field without a colon', get('Xyz\r\n'), 400],
  ['a field without a name', get(': x\r\n'), 400],
  ['a bare LF after the request line', `GET / HTTP/1.1\n${HOST}\r\n`, 400],
  ['a bare LF after a field', `GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n`, 400],
  ['a bare LF in a value', get('X: a\nY: b\r\n'), 400],
  ['bare LFs at the end of the head', `GET / HTTP/1.1\r\nHost: h\n\n`, 400],
  ['a bare CR in a value', get('X: a\rY: b\r\n'), 400],
  ['a bare CR in the request line', `GET /\rx HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['NUL in a value', get('X: a\0b\r\n'), 400],
  ['NUL in a name', get('X\0: b\r\n'), 400],
  ['DEL in a value', get('X: a\x7fb\r\n'), 400],
  ['a control character in a value', get('X: a\x01\r\n'), 400],
  ['a high byte in a name', get('\xdc: b\r\n'), 400],
  ['two blanks in the request line', `GET  / HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['a blank after the version', `GET / HTTP/1.1 \r\n${HOST}\r\n`, 400],
  ['a tab in the request line', `GET\t/ HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['a high byte in the target', `GET /\xe4 HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['a fragment in the target', `GET /#a HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['a relative target', `GET a HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['user information in the target', `GET http://u@h/ HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['another scheme', `GET file:///etc HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['an asterisk for a method other than OPTIONS', `GET * HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['a method in lower case', `get / HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['an unknown method', `FETCH / HTTP/1.1\r\n${HOST}\r\n`, 501],
  ['CONNECT', `CONNECT h:1 HTTP/1.1\r\n${HOST}\r\n`, 501],
  ['a missing version', `GET /\r\n${HOST}\r\n`, 400],
  ['HTTP/0.9', `GET / HTTP/0.9\r\n${HOST}\r\n`, 505],
  ['HTTP/2.0', `GET / HTTP/2.0\r\n${HOST}\r\n`, 505],
  ['a version in lower case', `GET / http/1.1\r\n${HOST}\r\n`, 400],
  ['a version with two digits', `GET / HTTP/1.10\r\n${HOST}\r\n`, 400],
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ['two Hosts', get('Host: h\r\n'), 400],
  ['two Hosts in HTTP/1.0', 'GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n', 400],
  ['a Host with a path', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', 400],
  ['a Host with a blank', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n', 400],
  ['a Host with user information', 'GET / HTTP/1.1\r\nHost: u@a\r\n\r\n', 400],
  [
    'a Connection that names the length',
    post('Connection: content-length\r\nContent-Length: 1\r\n', 'x'),
    400,
  ],
  ['a Connection that names Host', get('Connection: close, Host\r\n'), 400],
  ['an unknown expectation', get('Expect: gifts\r\n'), 417],
  ['a TLS greeting', '\x16\x03\x01\x02\x00\x01', 400],
  ['three empty lines before the request', `\r\n\r\n\r\n${get('')}`, 400],
  ['a chunk size with a prefix', chunked('0x1\r\nx\r\n0\r\n\r\n'), 400],
  ['a signed chunk size', chunked('+1\r\nx\r\n0\r\n\r\n'), 400],
  ['an empty chunk size', chunked('\r\nx\r\n0\r\n\r\n'), 400],
  ['a chunk size with a blank', chunked('1 \r\nx\r\n0\r\n\r\n'), 400],
  ['a chunk size beyond all numbers', chunked('ffffffffffffffff\r\n'), 400],
  [
    'a chunk size that overflows to a small one',
    chunked('100000000000000001\r\nx\r\n0\r\n\r\n'),
    400,
  ],
  ['a chunk size line with a bare LF', chunked('1\nx\r\n0\r\n\r\n'), 400],
  ['a chunk size line with a bare CR', chunked('1\rx\r\n0\r\n\r\n'), 400],
  ['an LF inside a chunk extension', chunked('1;a=\nx\r\n0\r\n\r\n'), 400],
  ['a malformed chunk extension', chunked('1;a b\r\nx\r\n0\r\n\r\n'), 400],
  ['an endless chunk extension', chunked(`1;a=${'b'.repeat(2000)}`), 400],
  ['chunk data longer than its size', chunked('1\r\nxy\r\n0\r\n\r\n'), 400],
  ['chunk data that ends in a bare LF', chunked('1\r\nx\n0\r\n\r\n'), 400],
  ['a trailer that sets the length', chunked('0\r\nContent-Length: 5\r\n\r\n'), 400],
  ['a trailer that sets the host', chunked('0\r\nHost: evil\r\n\r\n'), 400],
  ['a malformed trailer', chunked('0\r\nX : y\r\n\r\n'), 400],
  ['a folded trailer', chunked('0\r\nX: y\r\n z\r\n\r\n'), 400],
  ['endless trailers', chunked(`0\r\n${'X: y\r\n'.repeat(2000)}`), 400],
  ['an oversize head', get(`X: ${'y'.repeat(20_000)}\r\n`), 431],
  ['an oversize target', `GET /${'y'.repeat(20_000)} HTTP/1.1\r\n${HOST}\r\n`, 414],
  ['too many fields', get('A:\r\n'.repeat(300)), 431],
];

suite('the request reader', () => {
  for (const [name, request, status] of REFUSED) {
    test(`refuses ${name}`, () => {
      const data = bytes(request);
      const atOnce = readAll([data]);
      assert.deepEqual([atOnce.requests.length, atOnce.refused], [0, status]);
      const split = readAll(oneByOne(data));
      assert.equal(split.requests.length, 0);
      assert.equal(split.refused, status);
    });
  }

  test('takes requests one after another, however they are split', () => {
    const data = bytes(
      get('X: a  \r\n') +
        post('Content-Length: 3\r\n', 'abc') +
        '\r\n' +
        chunked('3;a=b;c="d\\"e"\r\nabc\r\n00A\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n') +
        post('content-length:0\r\n', '') +
        `OPTIONS * HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`,
    );
    for (const pieces of [[data], oneByOne(data)]) {
      const { requests, refused, closed } = readAll(pieces);
      assert.equal(refused, null);
      assert.equal(closed, true);
      assert.deepEqual(
        requests.map(({ head, body }) => [head.method, head.path, body.toString()]),
        [
          ['GET', '/', ''],
          ['POST', '/', 'abc'],
          ['POST', '/', 'abc0123456789'],
          ['POST', '/', ''],
          ['OPTIONS', '*', ''],
        ],
      );
      assert.deepEqual(
        requests[0]?.head.fields.map(({ name, value }) => [name, value]),
        [
          ['host', 'h'],
          ['x', 'a'],
        ],
      );
    }
  });

  test('takes the host of an absolute target instead of the Host field', () => {
    const { requests } = readAll([bytes('GET http://other:8/a?b HTTP/1.1\r\nHost: h\r\n\r\n')]);
    assert.deepEqual([requests[0]?.head.path, requests[0]?.head.host], ['/a?b', 'other:8']);
    const query = readAll([bytes('GET http://other?b HTTP/1.1\r\nHost: h\r\n\r\n')]);
    assert.equal(query.requests[0]?.head.path, '/?b');
  });

  test('takes an HTTP/1.0 request without Host and closes after it', () => {
    const { requests, closed } = readAll([bytes('GET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\n\r\n')]);
    assert.equal(requests.length, 1);
    assert.equal(requests[0]?.head.host, null);
    assert.equal(closed, true);
  });

  test('waits for the rest of a head and of a body without a verdict', () => {
    for (const part of [
      'GET / HT',
      get('X: y').slice(0, -2),
      post('Content-Length: 9\r\n', 'abc'),
      chunked('5\r\nab'),
    ]) {
      assert.deepEqual(readAll([bytes(part)]), { requests: [], refused: null, closed: false });
    }
  });
});
