import type { ResolvedService } from '../../config/resolved.ts';
import type { ResolvedProxy } from '../../config/traffic/proxy.ts';
import {
  authorityFault,
  readPair,
  type CertificateFault,
} from '../../drivers/traffic/certificate.ts';
import type { Text } from '../../core/describe/language.ts';
import type { ClientTls } from '../../drivers/traffic/contract.ts';
import type { PreflightFinding } from './finding.ts';

// Whether the proxy can use the certificates for clients, and verify those of the members.

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
    const message = { en: `${file}: ${detail.en}`, zh: `${file}：${detail.zh}` };
    return [{ level: 'error', code: fault, where, message, hint: HINTS[fault](tls) }];
  }
  const { validUntil } = reading;
  if (validUntil.getTime() - now.getTime() > SOON_MS) return [];
  const message = {
    en: `the certificate in ${tls.certFile} expires at ${validUntil.toISOString()}`,
    zh: `${tls.certFile} 中的证书将于 ${validUntil.toISOString()} 到期`,
  };
  const hint = {
    en: 'replace it in time; the proxy loads the new files without a restart',
    zh: '请及时更换；代理无须重启即可加载新文件',
  };
  return [{ level: 'warning', code: 'certificateEnding', where, message, hint }];
}

const HINTS: Readonly<Record<CertificateFault, (files: ClientTls) => Text>> = {
  certificateUnreadable: () => ({
    en: 'use a PEM file (-----BEGIN CERTIFICATE-----) that the agent’s user can read',
    zh: '使用 agent 的用户可读的 PEM 文件（-----BEGIN CERTIFICATE-----）',
  }),
  keyUnreadable: () => ({
    en: 'use a PEM key without a password that the agent’s user can read',
    zh: '使用 agent 的用户可读且无密码的 PEM 私钥',
  }),
  keyMismatch: ({ certFile }) => ({
    en: `use the key that belongs to ${certFile}`,
    zh: `使用与 ${certFile} 配对的私钥`,
  }),
  certificateExpired: () => ({
    en: 'renew the certificate, or correct the clock of this host',
    zh: '更新证书，或校正本机时钟',
  }),
  certificateUnfit: () => ({
    en: 'create a new key: RSA with at least 2048 bits, or an elliptic curve',
    zh: '生成新的密钥：至少 2048 位的 RSA，或椭圆曲线',
  }),
};

export function authorityFindings({ name, traffic }: ResolvedService): PreflightFinding[] {
  const file = traffic.transport.tls?.caFile ?? null;
  const fault = file === null ? null : authorityFault(file);
  if (file === null || fault === null) return [];
  const where = `services.${name}.traffic.backend.tls.ca`;
  const message = { en: `${file}: ${fault.en}`, zh: `${file}：${fault.zh}` };
  const hint = {
    en: 'use a PEM file with the certificates that sign those of the members',
    zh: '使用含有成员证书的签发证书的 PEM 文件',
  };
  return [{ level: 'error', code: 'authorityUnreadable', where, message, hint }];
}
