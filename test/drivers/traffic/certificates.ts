import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

// Self-signed certificates for the tests, made when they are needed, as one that is kept would run out.

export type TestPair = {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: Buffer;
  readonly key: Buffer;
};

/** days: negative for one that has expired. */
export function makePair(t: TestContext, name: string, days = 30): TestPair {
  const directory = mkdtempSync(join(tmpdir(), 'hotwarm-tls-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const [certFile, keyFile] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
  const request = join(directory, 'request.pem');
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const names = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name},IP:127.0.0.1`];
  openssl('req', '-new', ...key, '-keyout', keyFile, '-out', request, ...names);
  const valid = ['-days', `${days}`, '-copy_extensions', 'copyall'];
  openssl('x509', '-req', '-in', request, '-signkey', keyFile, ...valid, '-out', certFile);
  return { certFile, keyFile, cert: readFileSync(certFile), key: readFileSync(keyFile) };
}

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
