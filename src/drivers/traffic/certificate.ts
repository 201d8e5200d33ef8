import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Text } from '../../core/describe/language.ts';
import { systemReason } from '../../errors.ts';
import type { ClientTls } from './contract.ts';

// The certificate and the key for clients. Read and checked against each other before use: at startup, when the files
// change, and by `hotwarm check`, so that all three report the same errors.

export type CertificateFault =
  | 'certificateUnreadable'
  | 'keyUnreadable'
  | 'keyMismatch'
  | 'certificateExpired'
  | 'certificateUnfit';

export type Pair = {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly minVersion: ClientTls['minVersion'];
};

type PairReading =
  | { readonly ok: true; readonly pair: Pair; readonly validUntil: Date }
  | {
      readonly ok: false;
      readonly fault: CertificateFault;
      readonly file: string;
      readonly detail: Text;
      /** Not null: usable all the same, for clients that do not verify it. */
      readonly pair: Pair | null;
    };

export function readPair(files: ClientTls, now: Date): PairReading {
  const { certFile, keyFile, minVersion } = files;
  const cert = attempt(() => {
    const pem = readFileSync(certFile);
    return { pem, parsed: new X509Certificate(pem) };
  });
  if (!cert.ok) return refusal('certificateUnreadable', certFile, cert.detail);
  const key = attempt((): { pem: Buffer; parsed: KeyObject } => {
    const pem = readFileSync(keyFile);
    return { pem, parsed: createPrivateKey(pem) };
  });
  if (!key.ok) return refusal('keyUnreadable', keyFile, key.detail);
  const { parsed } = cert.value;
  if (!parsed.checkPrivateKey(key.value.parsed)) {
    return refusal('keyMismatch', keyFile, {
      en: `not the key of the certificate in ${certFile}`,
      zh: `不是 ${certFile} 中证书的私钥`,
    });
  }
  const pair: Pair = { cert: cert.value.pem, key: key.value.pem, minVersion };
  const context = attempt(() => createSecureContext(pair));
  if (!context.ok) return refusal('certificateUnfit', certFile, context.detail);
  if (parsed.validToDate < now || parsed.validFromDate > now) {
    const detail = {
      en: `valid from ${parsed.validFrom} to ${parsed.validTo}`,
      zh: `有效期为 ${parsed.validFrom} 至 ${parsed.validTo}`,
    };
    return { ok: false, fault: 'certificateExpired', file: certFile, detail, pair };
  }
  return { ok: true, pair, validUntil: parsed.validToDate };
}

/** Why the file holds no certificates to verify a member by; null: it does. */
export function authorityFault(file: string): Text | null {
  const read = attempt(() => {
    const pem = readFileSync(file);
    createSecureContext({ ca: pem });
    return new X509Certificate(pem);
  });
  return read.ok ? null : read.detail;
}

function refusal(fault: CertificateFault, file: string, detail: Text): PairReading {
  return { ok: false, fault, file, detail, pair: null };
}

type Attempt<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly detail: Text };

function attempt<T>(act: () => T): Attempt<T> {
  try {
    return { ok: true, value: act() };
  } catch (error) {
    return { ok: false, detail: systemReason(error) };
  }
}
