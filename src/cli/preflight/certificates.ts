import type { ResolvedService } from '../../config/resolved.ts';
import type { ResolvedProxy } from '../../config/traffic/proxy.ts';
import {
  authorityFault,
  readPair,
  type CertificateFault,
} from '../../drivers/traffic/certificate.ts';
import type { ClientTls } from '../../drivers/traffic/contract.ts';
import type { PreflightFinding } from './finding.ts';

// Whether clients can be met with the certificates, and members be known by theirs.

const SOON_MS = 14 * 24 * 3600 * 1000;

export function certificateFindings(
  { tls }: ResolvedProxy,
  at: string,
  now: Date,
): readonly PreflightFinding[] {
  if (tls === null) return [];
  const where = `${at}.tls`;
  const reading = readPair(tls, now);
  if (!reading.ok) {
    const { fault, file, detail } = reading;
    const what = `${file}: ${detail}`;
    return [{ level: 'error', code: fault, where, what, todo: REMEDIES[fault](tls) }];
  }
  const { validUntil } = reading;
  if (validUntil.getTime() - now.getTime() > SOON_MS) return [];
  const what = `the certificate in ${tls.certFile} ends at ${validUntil.toISOString()}`;
  const todo = 'replace it in time; the proxy takes the new files without a restart';
  return [{ level: 'warning', code: 'certificateEnding', where, what, todo }];
}

const REMEDIES: Readonly<Record<CertificateFault, (files: ClientTls) => string>> = {
  certificateUnreadable: () =>
    'write the path of a PEM file (-----BEGIN CERTIFICATE-----) that the agent’s user may read',
  keyUnreadable: () =>
    'write the path of a PEM key without a password that the agent’s user may read',
  keyMismatch: ({ certFile }) => `write the path of the key that ${certFile} was made with`,
  certificateExpired: () => 'renew the certificate, or set the clock of this machine',
  certificateUnfit: () => 'make a new key: RSA of 2048 bits or more, or an elliptic curve',
};

export function authorityFindings({ name, traffic }: ResolvedService): PreflightFinding[] {
  const file = traffic.transport.tls?.caFile ?? null;
  const fault = file === null ? null : authorityFault(file);
  if (file === null || fault === null) return [];
  const where = `services.${name}.traffic.backend.tls.ca`;
  const todo = 'write the path of a PEM file with the certificates that sign those of the members';
  return [{ level: 'error', code: 'authorityUnreadable', where, what: `${file}: ${fault}`, todo }];
}
