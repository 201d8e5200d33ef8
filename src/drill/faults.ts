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
      message: { en: 'no active process to inject a fault into', zh: '没有可注入故障的主用进程' },
      reason: { en: 'the service has no active member now', zh: '服务当前没有主用成员' },
      hint: {
        en: 'wait until hotwarm status shows an active member',
        zh: '等到 hotwarm status 显示主用成员',
      },
    });
  }
  process.kill(active.pid, SIGNALS[fault]);
  return service.active;
}
