import type { RuleCode } from './fault-codes.ts';
import type { ConfigPath, FaultText, PlacelessFault } from './faults.ts';

/** A broken rule about several keys. */
export type RuleFault = PlacelessFault & {
  readonly code: RuleCode;
  /** Every key that was compared; the error is shown at the first. */
  readonly compared: readonly ConfigPath[];
};

export function ruleFault(
  code: RuleCode,
  compared: readonly [ConfigPath, ...ConfigPath[]],
  text: FaultText,
): RuleFault {
  return { code, path: compared[0], compared, text };
}
