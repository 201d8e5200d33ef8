import type { ResolvedConfig, ResolvedService } from '../../config/resolved.ts';
import {
  estimateAvailability,
  type AvailabilityEstimate,
} from '../../sim/availability-run-estimate.ts';
import type { Locale } from '../../core/describe/language.ts';
import { planLife, runLives } from './run-pool.ts';
import { type Verdict, verdictsOf } from './verdict.ts';

// A short simulation of how often a configuration switches: `hotwarm check --simulate`.

const LIVES = 20;
const YEARS_OF_A_LIFE = 1;
const WITHIN_MS = 5000;

export type BriefSimulation = {
  readonly years: number;
  readonly failovers: AvailabilityEstimate['failovers'];
  readonly falseFailovers: AvailabilityEstimate['falseFailovers'];
  readonly plannedMoves: AvailabilityEstimate['plannedMoves'];
  readonly verdicts: readonly Verdict[];
};

/** By service, without observed ones: hotwarm takes no action for them. */
export async function simulateBriefly(
  config: ResolvedConfig,
  locale: Locale,
): Promise<ReadonlyMap<string, BriefSimulation>> {
  const simulated = new Map<string, BriefSimulation>();
  for (const service of config.services)
    if (service.core.mode === 'manage')
      simulated.set(service.name, await simulate(service, locale));
  return simulated;
}

async function simulate(service: ResolvedService, locale: Locale): Promise<BriefSimulation> {
  const plan = planLife(service, { rates: service.faults.rates, years: YEARS_OF_A_LIFE });
  const seeds = Array.from({ length: LIVES }, (_, index) => index + 1);
  const estimate = estimateAvailability(await runLives(plan, seeds, { withinMs: WITHIN_MS }));
  const { years, failovers, falseFailovers, plannedMoves } = estimate;
  const verdicts = verdictsOf(service, estimate, { withinRto: null, locale }).filter(
    ({ code }) => code === 'falseFailovers' || code === 'flapping',
  );
  return { years, failovers, falseFailovers, plannedMoves, verdicts };
}
