import type { ProbeAnswer } from '../../core/event.ts';

/** What a failed connection says about the member. */
export function socketFault(error: NodeJS.ErrnoException): ProbeAnswer & { ok: false } {
  const detail = error.message;
  switch (error.code ?? '') {
    case 'ECONNREFUSED':
      return { ok: false, fault: 'refused', detail };
    case 'ECONNRESET':
    case 'ECONNABORTED':
    case 'EPIPE':
      return { ok: false, fault: 'reset', detail };
    case 'ETIMEDOUT':
      return { ok: false, fault: 'timeout', detail };
    default:
      return { ok: false, fault: 'unreachable', detail };
  }
}

export function timedOut(timeoutMs: number): ProbeAnswer & { ok: false } {
  return { ok: false, fault: 'timeout', detail: `no answer within ${Math.round(timeoutMs)} ms` };
}
