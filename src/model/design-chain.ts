import type { Chain } from './chain.ts';
import {
  type Branch,
  type Factor,
  ONE,
  type Situation,
  afterDetection,
  afterFailure,
  afterRecovery,
  afterSwitch,
  changed,
  ending,
  joined,
  product,
  share,
  sizeOf,
} from './design-branch.ts';
import { type RedundancyDesign, requireDesign } from './design.ts';

// The Markov chain of a redundancy design, explored from the state in which all is well. Its assumptions:
// - Every duration is exponential with the mean given. A rehearsal finds a hidden failure after half its interval in
//   the mean, as IEC 61508-6, annex B, has it for proof tests.
// - All members fail alike; standbys α times as often. The β-factor model of IEC 61508-6, annex D: the share β of the
//   active's failures takes all standbys along, whatever their temperature; independent failures are the rest.
// - A failover goes to the first class that has a standby; if that one had failed unnoticed, its time is lost and the
//   next is tried. A failover that is not covered waits for an operator, who uses a standby that works.
// - Repaired members become standbys again, in the first class with room. Of several failed members the preferred one
//   is repaired first; with failback the service then returns to it, with the outage that is given.
// - The repair of a failed active begins when its takeover is over. During a failback nothing else happens.

export type DesignChain = {
  readonly chain: Chain;
  /** What each state means; state 0 is the one in which all is well. */
  readonly situations: readonly Situation[];
  /** The transitions once more, with what each rate depends on; in the order of `chain.transitions`. */
  readonly links: readonly Link[];
};

export type Link = { readonly from: number; readonly to: number; readonly factor: Factor };

const MOST_STATES = 200_000;

export function designChain(design: RedundancyDesign): DesignChain {
  requireDesign(design);
  const situations: Situation[] = [];
  const index = new Map<string, number>();
  const stateOf = (situation: Situation): number => {
    const key = keyOf(situation);
    const known = index.get(key);
    if (known !== undefined) return known;
    if (situations.length === MOST_STATES) {
      throw new RangeError(
        `the design has more than ${MOST_STATES} states; give it fewer standbys`,
      );
    }
    index.set(key, situations.length);
    return situations.push(situation) - 1;
  };
  stateOf(allIsWell(design));
  const links: Link[] = [];
  for (let from = 0; from < situations.length; from += 1) {
    for (const { situation, factor } of branchesOf(design, situations[from])) {
      if (factor.value === 0) continue;
      const to = stateOf(situation);
      if (to !== from) links.push({ from, to, factor });
    }
  }
  const transitions = links.map(({ from, to, factor }) => ({ from, to, rate: factor.value }));
  return { chain: { size: situations.length, transitions }, situations, links };
}

/** The service is carried, fully or partly. */
export function isServing({ phase }: Situation): boolean {
  return phase === 'serving' || phase === 'warming';
}

function allIsWell({ standbys }: RedundancyDesign): Situation {
  return {
    phase: 'serving',
    target: -1,
    displaced: false,
    ready: standbys.map(({ count }) => count),
    latent: standbys.map(() => 0),
  };
}

function keyOf({ phase, target, displaced, ready, latent }: Situation): string {
  return `${phase},${target},${displaced ? 1 : 0},${ready.join(',')},${latent.join(',')}`;
}

function branchesOf(design: RedundancyDesign, now: Situation): readonly Branch[] {
  if (now.phase === 'failback') return endOfPhase(design, now);
  return [
    ...endOfPhase(design, now),
    ...(isServing(now) ? activeFailures(design, now) : []),
    ...standbyFailures(design, now),
    ...rehearsals(design, now),
    ...repairs(design, now),
  ];
}

/** What the present phase leads to, if it ends by itself. */
function endOfPhase(design: RedundancyDesign, now: Situation): readonly Branch[] {
  const { phase, target, displaced } = now;
  switch (phase) {
    case 'detecting': {
      const rate = ending('detectionTime', design.detectionHours);
      return at(rate, afterDetection(design, now, displaced));
    }
    case 'switching': {
      const rate = ending('failoverTime', design.standbys[target].failoverHours);
      return at(rate, afterSwitch(design, now, target, displaced));
    }
    case 'recovering':
      return at(ending('recoveryTime', design.recoveryHours), afterRecovery(design, now));
    case 'warming': {
      const rate = ending('warmUpTime', design.standbys[target].warmUp?.hours ?? Infinity);
      return at(rate, sure({ ...now, phase: 'serving', target: -1 }));
    }
    case 'failback':
      return at(
        ending('failbackTime', design.failbackHours ?? Infinity),
        sure(returned(design, now)),
      );
    case 'serving':
    case 'exhausted':
      return [];
    default:
      return phase satisfies never;
  }
}

/** The failure of the active member, alone or together with all others. */
function activeFailures(design: RedundancyDesign, now: Situation): readonly Branch[] {
  const rate: Factor = { value: design.failuresPerHour, slopes: [['failureRate', 1]] };
  const cause = share('commonCauseShare', design.commonCauseShare);
  const none = now.ready.map(() => 0);
  return [
    ...at(product(rate, cause.no), afterFailure(design, now, now.displaced)),
    ...at(
      product(rate, cause.yes),
      afterFailure(design, { ready: none, latent: none }, now.displaced),
    ),
  ];
}

function standbyFailures(design: RedundancyDesign, now: Situation): readonly Branch[] {
  const cause = share('commonCauseShare', design.commonCauseShare);
  return design.standbys.flatMap(({ standbyFactor, undetectedShare }, place) => {
    if (now.ready[place] === 0) return [];
    const rate: Factor = {
      value: now.ready[place] * standbyFactor * design.failuresPerHour,
      slopes: [
        ['failureRate', 1],
        ['standbyFactor', 1],
      ],
    };
    const each = product(rate, cause.no);
    const hidden = share('undetectedShare', undetectedShare);
    const ready = changed(now.ready, place, -1);
    return [
      ...at(product(each, hidden.no), sure({ ...now, ready })),
      ...at(
        product(each, hidden.yes),
        sure({ ...now, ready, latent: changed(now.latent, place, 1) }),
      ),
    ];
  });
}

function rehearsals(design: RedundancyDesign, now: Situation): readonly Branch[] {
  const { rehearsalHours } = design;
  if (rehearsalHours === null) return [];
  return now.latent.flatMap((count, place) => {
    if (count === 0 || design.standbys[place].isRehearsed === false) return [];
    const rate = ending('rehearsalInterval', rehearsalHours);
    const found = { value: 2 * count, slopes: [] };
    return at(product(rate, found), sure({ ...now, latent: changed(now.latent, place, -1) }));
  });
}

function repairs(design: RedundancyDesign, now: Situation): readonly Branch[] {
  const members = design.standbys.reduce((sum, { count }) => sum + count, 1);
  const failed = members - sizeOf(now) - (now.phase === 'exhausted' ? 0 : 1);
  if (failed === 0) return [];
  const busy = { value: Math.min(failed, design.repairCrews), slopes: [] };
  const rate = product(ending('repairTime', design.repairHours), busy);
  return at(rate, sure(repaired(design, now)));
}

function repaired(design: RedundancyDesign, now: Situation): Situation {
  if (now.phase === 'exhausted') {
    return { ...now, phase: 'serving', target: -1, displaced: false };
  }
  if (now.displaced && isServing(now)) {
    return design.failbackHours === 0
      ? returned(design, now)
      : { ...now, phase: 'failback', target: -1 };
  }
  return { ...now, ...joined(now, design.standbys) };
}

/** The preferred member is active, and the one that replaced it is on standby again. */
function returned(design: RedundancyDesign, now: Situation): Situation {
  const pool = joined(now, design.standbys);
  return { ...pool, phase: 'serving', target: -1, displaced: false };
}

function sure(situation: Situation): readonly Branch[] {
  return [{ situation, factor: ONE }];
}

function at(rate: Factor, branches: readonly Branch[]): readonly Branch[] {
  return branches.map(({ situation, factor }) => ({ situation, factor: product(rate, factor) }));
}
