import { unreachable } from '../../core/assert.ts';
import type { MemberTransport } from '../traffic/contract.ts';

/** What one look at a member consists of, as the configuration says it. */
export type ProbeSpec =
  /** A GET on the member's own address. expect null: any status from 200 to 399. */
  | { readonly type: 'http'; readonly path: string; readonly expect: readonly number[] | null }
  /** The port accepts a connection. */
  | { readonly type: 'tcp' }
  /** Exit code 0 within the timeout. Run without a shell. */
  | { readonly type: 'command'; readonly command: readonly string[] };

/** Whether a process that hangs fails it: the kernel accepts connections for one that does. */
export function seesHangs(spec: ProbeSpec): boolean {
  return spec.type !== 'tcp';
}

/** As one would say what it does. */
export function probeText(spec: ProbeSpec): string {
  switch (spec.type) {
    case 'http':
      return `GET ${spec.path}`;
    case 'tcp':
      return 'TCP';
    case 'command':
      return spec.command.join(' ');
    default:
      return unreachable(spec);
  }
}

/** Where the member listens, and how it wants to be spoken to. */
export type ProbeTarget = {
  readonly host: string;
  readonly port: number;
  /** Default: plainly. */
  readonly transport?: MemberTransport;
};
