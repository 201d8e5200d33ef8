import type { CoreConfig } from '../core/config.ts';
import type { Step } from './verify.ts';

// What a recording would be like under another configuration before anything is decided by it.

/** A probe waits as long as the other setting says: an answer that came later than that is none. */
export function retimed(one: Step, recorded: CoreConfig, other: CoreConfig): Step {
  const { event } = one;
  if (event.type !== 'probeSucceeded' && event.type !== 'probeFailed') return one;
  const [was, is] = [recorded, other].map(
    ({ services }) => services.find(({ name }) => name === event.service)?.detection.timeoutMs ?? 0,
  );
  if (was === undefined || is === undefined || was === is) return one;
  if (event.type === 'probeFailed') {
    if (event.fault !== 'timeout') return one;
    return { ...one, event: { ...event, at: event.at - was + is } };
  }
  const { latencyMs, ...rest } = event;
  if (latencyMs <= is) return one;
  const at = event.at - latencyMs + is;
  return { ...one, event: { ...rest, type: 'probeFailed', at, fault: 'timeout', detail: '' } };
}
