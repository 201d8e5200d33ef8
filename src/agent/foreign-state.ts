import { STATE_VERSION, type AgentState } from '../core/state.ts';
import type { ErrorText } from '../errors.ts';

/** Why a state that another version of hotwarm has written is not gone on from. Those before versions were counted have none. */
export function foreignState({ version }: { readonly version?: AgentState['version'] }): ErrorText {
  return {
    what: 'the journal was written by another version of hotwarm',
    why: `its state has version ${version ?? 1}, this one knows ${STATE_VERSION}`,
    todo: 'an agent ends the members that still run and starts them anew; replay what was recorded with the version that wrote it',
  };
}
