import type { Text } from '../../core/describe/language.ts';

/** Codes of findings; a warning never prevents a start. */
export type PreflightCode =
  | 'agentRunning'
  | 'leftover'
  | 'portTaken'
  | 'portForbidden'
  | 'addressForeign'
  | 'pathUnusable'
  | 'backlogCapped'
  | 'binaryMissing'
  | 'cwdMissing'
  | 'userUnusable'
  | 'stateUnusable'
  | 'stateUntrusted'
  | 'diskFull'
  | 'certificateUnreadable'
  | 'certificateExpired'
  | 'certificateUnfit'
  | 'certificateEnding'
  | 'keyUnreadable'
  | 'keyMismatch'
  | 'authorityUnreadable'
  | 'fewDescriptors'
  | 'noCpuLimit'
  | 'noCgroup'
  | 'fenceUnproved'
  | 'noFreezer';

export type PreflightFinding = {
  /** warning: the service runs, with a limitation. */
  readonly level: 'error' | 'warning';
  readonly code: PreflightCode;
  readonly where: string;
  readonly message: Text;
  readonly hint: Text;
};

/** For programs: the texts as of every error. */
export function findingDocument({ message, hint, ...finding }: PreflightFinding): unknown {
  const zh = { message: message.zh, hint: hint.zh };
  return { ...finding, message: message.en, hint: hint.en, zh };
}
