import type { RuleCode } from './fault-codes.ts';
import type { ConfigPath, PlacelessFault } from './faults.ts';

/** What a rule about several keys found. */
export type RuleFault = PlacelessFault & {
  readonly code: RuleCode;
  /** Every key that was compared; the first is where the fault is shown. */
  readonly compared: readonly ConfigPath[];
};

export function ruleFault(
  code: RuleCode,
  compared: readonly [ConfigPath, ...ConfigPath[]],
  text: { readonly what: string; readonly why: string; readonly todo: string },
): RuleFault {
  return { code, path: compared[0], compared, ...text };
}
