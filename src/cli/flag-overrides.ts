import { KEYS, type PlanFlags } from './plan-flags.ts';
import { type Said, parseSet } from '../plan/plan-input.ts';

/** The flags as keys of the configuration. Throws AppError usage for an invalid --set. */
export function overridesOf(flags: PlanFlags): readonly Said[] {
  const known = KEYS.flatMap(([flag, , path]): readonly Said[] => {
    const value = flags[camel(flag)];
    return typeof value === 'string' ? [{ path, value, by: `--${flag} ${value}` }] : [];
  });
  const stateless: readonly Said[] = flags.stateless
    ? [{ path: ['plan', 'state'], value: 'none', by: '--stateless' }]
    : [];
  return [...known, ...stateless, ...(flags.set ?? []).map(parseSet)];
}

function camel(flag: string): string {
  return flag.replaceAll(/-(\w)/g, (_match, letter: string) => letter.toUpperCase());
}
