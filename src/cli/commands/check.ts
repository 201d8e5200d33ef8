import { loadConfig, readConfig } from '../../config/load.ts';
import type { ResolvedConfig } from '../../config/resolved.ts';
import { AppError, ERRORS } from '../../errors.ts';
import { formatFindings, formatReport } from '../check-report.ts';
import { type ServicePrediction, predictService } from '../predict.ts';
import type { PreflightFinding } from '../preflight/finding.ts';
import { preflight } from '../preflight/preflight.ts';
import { type BriefSimulation, simulateBriefly } from '../simulate/brief.ts';

export type CheckOptions = {
  readonly config: string;
  readonly json: boolean;
  /** Lets some years pass as well, to see whether its timings flap. */
  readonly simulate: boolean;
  readonly out: NodeJS.WritableStream;
};

const NONE_SIMULATED: ReadonlyMap<string, BriefSimulation> = new Map();

/**
 * Says what is wrong with a configuration, what this machine lacks for it, and what its timings imply.
 * Returns the exit code. Throws AppError configMissing, configInvalid or preflightFailed; with `json`, the
 * last two are part of the answer instead.
 */
export async function runCheck(options: CheckOptions): Promise<number> {
  return options.json ? await checkAsJson(options) : await checkAsText(options);
}

async function checkAsText({ config: file, simulate, out }: CheckOptions): Promise<number> {
  const config = loadConfig(file);
  const predictions = predict(config);
  const findings = await preflight(config);
  const simulated = simulate ? await simulateBriefly(config) : NONE_SIMULATED;
  out.write(formatReport({ config, predictions, findings, simulated }));
  refuseBeyondRto(file, predictions);
  refuseFindings(file, findings);
  return 0;
}

async function checkAsJson({ config: file, simulate, out }: CheckOptions): Promise<number> {
  const read = readConfig(file);
  if (!read.ok) {
    writeJson(out, { ok: false, file, faults: read.faults });
    return ERRORS.configInvalid.exit;
  }
  const predictions = predict(read.config);
  const findings = await preflight(read.config);
  const isBeyondRto = [...predictions.values()].some(({ beyondRto }) => beyondRto.length > 0);
  const isFit = !isBeyondRto && findings.every(({ level }) => level === 'note');
  writeJson(out, {
    ok: isFit,
    file,
    faults: [],
    preflight: findings,
    services: Object.fromEntries(predictions),
    ...(simulate ? { simulated: Object.fromEntries(await simulateBriefly(read.config)) } : {}),
  });
  return isFit ? 0 : ERRORS.preflightFailed.exit;
}

function writeJson(out: NodeJS.WritableStream, answer: unknown): void {
  out.write(`${JSON.stringify(answer, null, 2)}\n`);
}

function predict(config: ResolvedConfig): ReadonlyMap<string, ServicePrediction> {
  return new Map(config.services.map((service) => [service.name, predictService(service)]));
}

function refuseBeyondRto(file: string, predictions: ReadonlyMap<string, ServicePrediction>): void {
  const missed = [...predictions].filter(([, { beyondRto }]) => beyondRto.length > 0);
  if (missed.length === 0) return;
  const names = missed.map(([name]) => name).join(', ');
  throw new AppError('configInvalid', {
    what: `${file}: the timings of ${names} cannot keep objectives.rto at the 99th percentile`,
    why: 'a takeover is predicted to take longer than the outage that you accept',
    todo: 'shorten probe.interval and probe.timeout, keep the standby hotter, or raise objectives.rto',
  });
}

/** Throws AppError preflightFailed where this machine cannot run the configuration; `up` asks before it starts. */
export async function refuseUnfit(config: ResolvedConfig): Promise<void> {
  refuseFindings(config.file, await preflight(config));
}

function refuseFindings(file: string, findings: readonly PreflightFinding[]): void {
  const faults = findings.filter(({ level }) => level === 'fault');
  if (faults.length === 0) return;
  const count = faults.length === 1 ? 'one fault' : `${faults.length} faults`;
  throw new AppError('preflightFailed', {
    what: `this machine cannot run ${file}, ${count}:\n${formatFindings(faults).join('\n')}`,
    why: 'hotwarm would fail at the start, or, worse, at the takeover',
    todo: `mend what is listed, then run: hotwarm check -c ${file}`,
  });
}
