import type { Effect } from '../core/effect.ts';
import type { EffectResult } from '../core/event.ts';
import { DriverError } from '../drivers/driver-error.ts';
import type { CarryOut } from '../runtime/ports.ts';

/** Makes of drivers, which answer by promise and heed a signal, what the runtime's runner asks for. */
export function carryOutBy(
  execute: (effect: Effect, signal: AbortSignal) => Promise<EffectResult>,
): CarryOut {
  return (effect, end) => {
    const abort = new AbortController();
    execute(effect, abort.signal).then(
      (result) => end({ ok: true, result }),
      (error: unknown) => end({ ok: false, fault: faultOf(error), detail: textOf(error) }),
    );
    return () => abort.abort();
  };
}

function faultOf(error: unknown): DriverError['fault'] {
  return error instanceof DriverError ? error.fault : 'driverFailed';
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
