import type { Member } from './member.ts';
import type { Upstream } from './upstream.ts';

// The client's connection, as one exchange sees it.

/** The body's bytes have 'gone' where they are needed no more, are 'waiting' in use, or fill the buffer as well ('full'). */
export type Flow = 'gone' | 'waiting' | 'full';

export interface ExchangeClient {
  readonly address: string;
  /** It speaks TLS with the proxy. */
  readonly secure: boolean;
  /** A head, more of a body, or both. After 'full' no more should come until `writable`. */
  write(head: string, body: Buffer): Flow;
  pauseRequest(): void;
  resumeRequest(): void;
  /** The response is complete. */
  finished(options: { readonly close: boolean }): void;
  /** The proxy responds itself. */
  answer(status: 502 | 503 | 504): void;
  /** The response cannot be completed. */
  abort(): void;
  /** The member agreed to another protocol: from here on bytes pass in both directions. */
  tunnel(upstream: Upstream, member: Member, early: Buffer): void;
}
