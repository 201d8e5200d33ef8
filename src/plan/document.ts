import type { Evaluation } from '../model/plan/evaluation.ts';
import type { Layer } from '../model/plan/layer.ts';
import { longestRecoveryMs } from '../model/plan/objectives.ts';
import type { Plan } from '../model/plan/recommendation.ts';
import { elasticitiesOf } from '../model/plan/sensitivity.ts';
import { designChain } from '../model/design-chain.ts';
import type { Figure } from './description.ts';
import type { History } from './history.ts';

/** Changes when a key of the document changes its meaning or goes; new keys do not change it. */
const VERSION = 1;

type Options = {
  readonly plan: Plan;
  readonly service: string;
  readonly currency: string;
  readonly figures: readonly Figure[];
  readonly history: History | null;
  /** With every state and transition. */
  readonly explain: boolean;
};

/**
 * What `hotwarm plan --json` answers. Times are ms, unless a name says otherwise; availability is always given together
 * with unavailability, which keeps its digits.
 */
export function planDocument({ plan, service, currency, figures, history, explain }: Options) {
  const { question, chosen, nextNine } = plan;
  return {
    version: VERSION,
    service,
    currency,
    objectives: question.objectives,
    achieved: chosen.misses.length === 0,
    recommendation: {
      ...evaluationDocument(chosen.evaluation),
      longestRecoveryMs: longestRecoveryMs(question, chosen.evaluation),
      misses: chosen.misses,
      neverBridged: chosen.neverBridged,
      achieving: chosen.achieving,
      contributions: chosen.evaluation.contributions,
      elasticities: elasticitiesOf(chosen.evaluation),
      layers: chosen.evaluation.layers.map((layer) => layerDocument(layer, explain)),
    },
    cheaper:
      chosen.cheaper === null
        ? null
        : { ...evaluationDocument(chosen.cheaper.evaluation), misses: chosen.cheaper.misses },
    dearer: chosen.dearer === null ? null : evaluationDocument(chosen.dearer),
    elsewhere:
      chosen.elsewhere === null
        ? null
        : { ...evaluationDocument(chosen.elsewhere.evaluation), misses: chosen.elsewhere.misses },
    concessions: chosen.concessions.map(({ objective, miss, evaluation }) => ({
      objective,
      miss,
      design: evaluationDocument(evaluation),
    })),
    baseline: evaluationDocument(plan.baseline),
    present: plan.present === null ? null : evaluationDocument(plan.present),
    nextNine: {
      unavailability: nextNine.unavailability,
      design: nextNine.design === null ? null : evaluationDocument(nextNine.design),
      isBeyondLimits: nextNine.isBeyondLimits,
      levers: nextNine.levers,
    },
    evaluated: plan.evaluations.length,
    front: plan.front.map(evaluationDocument),
    figures,
    history,
  };
}

function evaluationDocument(evaluation: Evaluation) {
  const { design, unavailability, bill, recovery } = evaluation;
  return {
    design,
    availability: 1 - unavailability,
    unavailability,
    downtimeMinutesPerYear: evaluation.downtimeMinutesPerYear,
    outagesPerYear: evaluation.outagesPerYear,
    unbridgedPerYear: evaluation.unbridgedPerYear,
    shortfall: evaluation.shortfall,
    recoveryP99: recovery,
    lossBytes: evaluation.lossBytes,
    costPerMonth: bill.perMonth,
    power: bill.watts,
    kwhPerMonth: bill.kwhPerMonth,
  };
}

function layerDocument(layer: Layer, explain: boolean) {
  const { kind, unavailability, shares, outagesPerYear, unbridgedPerYear, chains } = layer;
  return {
    layer: kind,
    unavailability,
    shares,
    outagesPerYear,
    unbridgedPerYear,
    chains: chains.map(({ scheme, weight }) => ({
      weight,
      design: scheme,
      ...(explain ? chainDocument(scheme) : {}),
    })),
  };
}

function chainDocument(scheme: Layer['chains'][number]['scheme']) {
  const { situations, links } = designChain(scheme);
  return {
    states: situations,
    transitions: links.map(({ from, to, factor }) => ({
      from,
      to,
      perHour: factor.value,
      parameters: factor.slopes.map(([parameter]) => parameter),
    })),
  };
}
