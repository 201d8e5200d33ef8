import type { ResolvedConfig, ResolvedService } from '../../config/resolved.ts';
import {
  estimateAvailability,
  type AvailabilityEstimate,
} from '../../sim/availability-run-estimate.ts';
import { planLife, runLives } from './run-pool.ts';
import { type Verdict, verdictsOf } from './verdict.ts';

// A look at how a configuration moves by itself, short enough to be made whenever it changes: `hotwarm check --simulate`.

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

/** By service; those that are only observed are left out, as nothing would be done. */
export async function simulateBriefly(
  config: ResolvedConfig,
): Promise<ReadonlyMap<string, BriefSimulation>> {
  const simulated = new Map<string, BriefSimulation>();
  for (const service of config.services)
    if (service.core.mode === 'manage') simulated.set(service.name, await simulate(service));
  return simulated;
}

async function simulate(service: ResolvedService): Promise<BriefSimulation> {
  const plan = planLife(service, { rates: service.faults.rates, years: YEARS_OF_A_LIFE });
  const seeds = Array.from({ length: LIVES }, (_, index) => index + 1);
  const estimate = estimateAvailability(await runLives(plan, seeds, { withinMs: WITHIN_MS }));
  const { years, failovers, falseFailovers, plannedMoves } = estimate;
  const verdicts = verdictsOf(service, estimate, { withinRto: null, locale: 'en' }).filter(
    ({ code }) => code === 'falseFailovers' || code === 'flapping',
  );
  return { years, failovers, falseFailovers, plannedMoves, verdicts };
}
