import type { EffectFault } from '../core/reasons.ts';

/** What a driver throws when it could not do what it was told. The agent turns it into effectFailed. */
export class DriverError extends Error {
  override readonly name = 'DriverError';
  readonly fault: EffectFault;

  constructor(fault: EffectFault, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.fault = fault;
  }
}
