/** What preflight may find; `note` codes never stop a start. */
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
  /** note: it runs, but not quite as the file says. */
  readonly level: 'error' | 'warning';
  readonly code: PreflightCode;
  readonly where: string;
  readonly what: string;
  readonly todo: string;
};
