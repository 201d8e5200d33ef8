import type { Text } from '../core/describe/language.ts';
import type { EffectFault } from '../core/reasons.ts';

/** A driver could not carry out an effect. The agent turns it into effectFailed. */
export class DriverError extends Error {
  override readonly name = 'DriverError';
  readonly fault: EffectFault;
  readonly text: Text;

  /** detail: a string for the journal and logs only; in both languages if a command may print it. */
  constructor(fault: EffectFault, detail: string | Text, options?: ErrorOptions) {
    const text = typeof detail === 'string' ? { en: detail, zh: detail } : detail;
    super(text.en, options);
    this.fault = fault;
    this.text = text;
  }
}
