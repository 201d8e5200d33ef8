import type { ServiceReport } from '../api/status.ts';
import { AppError } from '../errors.ts';

// Faults that are done to a running member from outside, as the world would do them.

export type Fault = 'kill' | 'hang';

const SIGNALS = { kill: 'SIGKILL', hang: 'SIGSTOP' } as const satisfies Record<
  Fault,
  NodeJS.Signals
>;

/** Does it to the main process of the active member; returns the member's name. */
export function strikeActive(service: ServiceReport, fault: Fault): string {
  const active = service.active === null ? undefined : service.members[service.active];
  if (service.active === null || active === undefined || active.pid === null) {
    throw new AppError('failed', {
      what: 'there is no active process to strike',
      why: 'the service is not being served at the moment',
      todo: 'wait until hotwarm status shows an active member',
    });
  }
  process.kill(active.pid, SIGNALS[fault]);
  return service.active;
}
