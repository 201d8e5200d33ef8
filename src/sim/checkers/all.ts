import { journalFirst, takenBack } from './beginnings.ts';
import type { MakeChecker } from './contract.ts';
import { durability } from './durability.ts';
import { effectsEnd, requestsEnd } from './endings.ts';
import { epochs } from './epochs.ts';
import { fencing } from './fencing.ts';
import { flapping } from './flapping.ts';
import { leaseKnown } from './knowledge.ts';
import { linearizability } from './linearizability.ts';
import { recovery } from './recovery.ts';
import { replay } from './replay.ts';
import { singleActive } from './single-active.ts';

/** Everything that is checked in every run. */
export const ALL_CHECKERS: readonly MakeChecker[] = [
  singleActive,
  fencing,
  epochs,
  durability,
  recovery,
  flapping,
  journalFirst,
  takenBack,
  effectsEnd,
  requestsEnd,
  leaseKnown,
  replay,
  linearizability,
];
