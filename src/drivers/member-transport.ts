import { readFileSync, statSync } from 'node:fs';
import { connect as connectTcp, isIP, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext } from 'node:tls';
import { monotonicMs } from '../clock.ts';
import type { MemberTransport, MemberTls } from './traffic/contract.ts';
import { proxyHeaderFor, type Endpoints } from './proxy-protocol.ts';

// How a member is spoken to: plainly or with TLS, and whether each connection tells first on whose behalf it comes
// (PROXY protocol). The data plane and the probes connect in the same way, so that a probe sees what clients would.

export const PLAIN_TRANSPORT: MemberTransport = { tls: null, sendHeader: false };

/** When a connection made by `dial` can be written to: its event. */
export function readyEventOf(transport: MemberTransport): 'connect' | 'secureConnect' {
  return transport.tls === null ? 'connect' : 'secureConnect';
}

/**
 * Begins a connection. `endpoints`: on whose behalf, for a member that expects it; null: our own.
 * `onread`: of a plain connection, which then has no `data` events.
 */
export function dial(
  target: { readonly host: string; readonly port: number },
  transport: MemberTransport,
  endpoints: Endpoints | null = null,
  onread?: OnReadOpts,
): Socket {
  const { host, port } = target;
  const plain = transport.tls === null && onread !== undefined ? { onread } : {};
  const socket = connectTcp({ host, port, noDelay: true, allowHalfOpen: true, ...plain });
  if (transport.sendHeader) socket.write(proxyHeaderFor(endpoints));
  const { tls } = transport;
  if (tls === null) return socket;
  const name = tls.serverName ?? host;
  return connectTls({
    socket,
    // Whose name the certificate must bear.
    host: name,
    // The standard forbids addresses here.
    ...(isIP(name) === 0 ? { servername: name } : {}),
    secureContext: contextOf(tls),
    rejectUnauthorized: tls.verify,
  });
}

const CHECK_INTERVAL_MS = 1000;

type Known = { checkedAt: number; signature: string; context: SecureContext };

const known = new Map<string, Known>();

/** A file of authorities that changed is read again; one that cannot be read or used leaves the old ones in force. */
function contextOf({ caFile }: MemberTls): SecureContext {
  const key = caFile ?? '';
  const nowMs = monotonicMs();
  const last = known.get(key);
  if (last !== undefined && (caFile === null || nowMs - last.checkedAt < CHECK_INTERVAL_MS)) {
    return last.context;
  }
  try {
    const signature = caFile === null ? '' : signatureOf(caFile);
    if (last?.signature !== signature) {
      const ca = caFile === null ? {} : { ca: readFileSync(caFile) };
      const context = createSecureContext(ca);
      known.set(key, { checkedAt: nowMs, signature, context });
      return context;
    }
  } catch (error) {
    if (last === undefined) throw error;
  }
  last.checkedAt = nowMs;
  return last.context;
}

function signatureOf(file: string): string {
  const { ino, size, mtimeMs } = statSync(file);
  return `${ino} ${size} ${mtimeMs}`;
}
