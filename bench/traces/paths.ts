import { exponential, gamma2, lognormal, pareto, seeded, type Random } from './random.ts';

// A member and the way to it, as probes see them: a request sent at t is answered at some later
// instant, or never. There is no real fault in any of them. Routine beats and confirming probes ask the
// same path, so a confirmation fares no better than the trace allows. Calls must not go back in time.

export type Path = {
  readonly name: string;
  /** When the answer to a request sent at t arrives; null: it is lost. */
  answer(sentAtMs: number, kind: 'beat' | 'confirm'): number | null;
  /** When else the same answer arrives again (duplicates). */
  readonly duplicates: boolean;
  /** Since when the member itself answers nothing on any channel; null: it does answer. */
  silentSince(atMs: number): number | null;
};

function lan(random: Random): number {
  return 0.2 + gamma2(random, 0.6);
}

function pathOf(
  name: string,
  delay: (atMs: number, kind: 'beat' | 'confirm') => number | null,
): Path {
  return {
    name,
    duplicates: false,
    silentSince: () => null,
    answer: (sentAtMs, kind) => {
      const delayMs = delay(sentAtMs, kind);
      return delayMs === null ? null : sentAtMs + delayMs;
    },
  };
}

export function lanPath(seed: number): Path {
  const random = seeded(seed);
  return pathOf('lan', () => lan(random));
}

/** Japan to Switzerland as in Hayashibara's record: 140 ms and a queue, 0.4 % lost. */
export function wanPath(seed: number): Path {
  const random = seeded(seed);
  return pathOf('wan', () => (random() < 0.004 ? null : 140 + gamma2(random, 10)));
}

export function heavyTailPath(seed: number): Path {
  const random = seeded(seed);
  return pathOf('heavy tail', () => pareto(random, 0.5, 1.8));
}

/** The member pauses (collector, processor): about every ten minutes, median 250 ms, sigma 1. */
export function pausesPath(seed: number): Path {
  const random = seeded(seed);
  let from = exponential(random, 600_000);
  let until = from + lognormal(random, 250, 1);
  const advance = (atMs: number): void => {
    while (until <= atMs) {
      from = until + exponential(random, 600_000);
      until = from + lognormal(random, 250, 1);
    }
  };
  return {
    name: 'pauses',
    duplicates: false,
    answer: (sentAtMs) => {
      const arrivesAt = sentAtMs + lan(random);
      advance(arrivesAt);
      return arrivesAt < from ? arrivesAt : until;
    },
    silentSince: (atMs) => (atMs >= from && atMs < until ? from : null),
  };
}

/** Gilbert's two states: in the bad one, on average a third of a second long, everything is lost. */
export function burstsPath(seed: number): Path {
  const random = seeded(seed);
  let bad = false;
  let changesAt = exponential(random, 300_000);
  return pathOf('bursts', (atMs) => {
    while (changesAt <= atMs) {
      bad = !bad;
      changesAt += exponential(random, bad ? 330 : 300_000);
    }
    return bad || random() < 0.0005 ? null : 20 + gamma2(random, 4);
  });
}

/** Load comes and goes every 2000 s and adds 40 ms of queueing. */
export function regimePath(seed: number): Path {
  const random = seeded(seed);
  return pathOf('regime shift', (atMs) => {
    const loaded = Math.floor(atMs / 2_000_000) % 2 === 1;
    if (random() < 0.0002) return null;
    return 10 + gamma2(random, 10) + (loaded ? 20 + gamma2(random, 20) : 0);
  });
}

/** Answers overtake each other and some come twice. */
export function reorderPath(seed: number): Path {
  const random = seeded(seed);
  const path = pathOf('duplicates, reorder', () => 5 + 250 * random());
  return { ...path, duplicates: true };
}

/** The way back of routine beats fails for 5 s a minute; the confirming channel is not affected. */
export function asymmetricPath(seed: number): Path {
  const random = seeded(seed);
  return pathOf('asymmetric loss', (atMs, kind) =>
    kind === 'beat' && atMs % 60_000 < 5_000 && atMs > 60_000 ? null : lan(random),
  );
}
