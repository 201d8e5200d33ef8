import type { Parameter } from '../design-branch.ts';
import { type DownPhase, downtimeElasticities } from '../design-figures.ts';
import type { Evaluation } from './evaluation.ts';
import { type Layer, type LayerKind, PHASES } from './layer.ts';

type LayerElasticity = {
  readonly layer: LayerKind;
  readonly parameter: Parameter;
  /** Percent more downtime for one percent more of the parameter. */
  readonly elasticity: number;
};

/** What the downtime of a design depends on: the elasticities of each layer, by its share of the whole. Largest first. */
export function elasticitiesOf({ layers }: Evaluation): readonly LayerElasticity[] {
  const total = layers.reduce((sum, { unavailability }) => sum + unavailability, 0);
  if (total === 0) return [];
  return layers
    .flatMap((layer) =>
      [...ofLayer(layer)].map(([parameter, change]) => ({
        layer: layer.kind,
        parameter,
        elasticity: change / total,
      })),
    )
    .filter(({ elasticity }) => elasticity !== 0)
    .toSorted((a, b) => Math.abs(b.elasticity) - Math.abs(a.elasticity));
}

/** dU / d ln parameter of one layer. */
function ofLayer(layer: Layer): ReadonlyMap<Parameter, number> {
  return layer.chains.length === 0 ? ofClosedForm(layer) : ofChains(layer);
}

function ofChains({ chains, unavailability }: Layer): ReadonlyMap<Parameter, number> {
  const changes = new Map<Parameter, number>();
  for (const { scheme, weight } of chains) {
    for (const { parameter, elasticity } of downtimeElasticities(scheme)) {
      changes.set(parameter, (changes.get(parameter) ?? 0) + weight * unavailability * elasticity);
    }
  }
  return changes;
}

/** U = λd / (1 + λd): d ln U / d ln λ = 1 − U, and of each part of d by its share. */
function ofClosedForm({ shares, unavailability }: Layer): ReadonlyMap<Parameter, number> {
  const changes = new Map<Parameter, number>([
    ['failureRate', unavailability * (1 - unavailability)],
  ]);
  for (const phase of PHASES) {
    const share = shares[phase];
    if (share !== undefined) changes.set(DURATIONS[phase], share * (1 - unavailability));
  }
  return changes;
}

const DURATIONS: Readonly<Record<DownPhase, Parameter>> = {
  detecting: 'detectionTime',
  switching: 'failoverTime',
  recovering: 'recoveryTime',
  exhausted: 'repairTime',
  failback: 'failbackTime',
};
