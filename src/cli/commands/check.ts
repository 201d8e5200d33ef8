import { faultDocument } from '../../config/faults.ts';
import type { Locale } from '../../core/describe/language.ts';
import { loadConfig, readConfig } from '../../config/load.ts';
import type { ResolvedConfig } from '../../config/resolved.ts';
import { AppError, ERRORS } from '../../errors.ts';
import { formatFindings, formatReport } from '../check-report.ts';
import { type ServicePrediction, predictService } from '../predict.ts';
import { processStillRuns } from '../../drivers/os/proc.ts';
import { readRecord } from '../../drivers/member/process/run-record.ts';
import {
  findingDocument,
  type PreflightCode,
  type PreflightFinding,
} from '../preflight/finding.ts';
import { preflight } from '../preflight/preflight.ts';
import { type BriefSimulation, simulateBriefly } from '../simulate/quick-run.ts';

type CheckOptions = {
  readonly config: string;
  readonly json: boolean;
  /** Also simulates some years, to detect flapping. */
  readonly simulate: boolean;
  readonly locale: Locale;
  readonly out: NodeJS.WritableStream;
};

const NONE_SIMULATED: ReadonlyMap<string, BriefSimulation> = new Map();

/**
 * Checks a configuration and this host, and predicts takeover times. Returns the exit code. Throws AppError
 * configMissing, configInvalid or preflightFailed; with `json`, the last two are part of the output instead.
 */
export async function runCheck(options: CheckOptions): Promise<number> {
  return options.json ? await checkAsJson(options) : await checkAsText(options);
}

async function checkAsText({ config: file, simulate, locale, out }: CheckOptions): Promise<number> {
  const config = loadConfig(file);
  const predictions = predict(config);
  const findings = await preflight(config);
  const simulated = simulate ? await simulateBriefly(config, locale) : NONE_SIMULATED;
  out.write(formatReport({ config, predictions, findings, simulated }, locale));
  refuseBeyondRto(file, predictions);
  refuseFindings(file, findings);
  return 0;
}

async function checkAsJson({ config: file, simulate, locale, out }: CheckOptions): Promise<number> {
  const read = readConfig(file);
  if (!read.ok) {
    writeJson(out, { ok: false, file, faults: read.faults.map(faultDocument) });
    return ERRORS.configInvalid.exit;
  }
  const predictions = predict(read.config);
  const findings = await preflight(read.config);
  const isBeyondRto = [...predictions.values()].some(({ beyondRto }) => beyondRto.length > 0);
  const isFit = !isBeyondRto && findings.every(({ level }) => level === 'warning');
  writeJson(out, {
    ok: isFit,
    file,
    faults: [],
    preflight: findings.map(findingDocument),
    services: Object.fromEntries([...predictions].map(([name, one]) => [name, toDocument(one)])),
    ...(simulate
      ? { simulated: Object.fromEntries(await simulateBriefly(read.config, locale)) }
      : {}),
  });
  return isFit ? 0 : ERRORS.preflightFailed.exit;
}

function writeJson(out: NodeJS.WritableStream, answer: unknown): void {
  out.write(`${JSON.stringify(answer, null, 2)}\n`);
}

/** For programs: the texts as of every error. */
function toDocument({ advice, ...prediction }: ServicePrediction): unknown {
  return {
    ...prediction,
    advice: advice.map(({ code, text }) => ({ code, text: text.en, zh: { text: text.zh } })),
  };
}

function predict(config: ResolvedConfig): ReadonlyMap<string, ServicePrediction> {
  return new Map(config.services.map((service) => [service.name, predictService(service)]));
}

function refuseBeyondRto(file: string, predictions: ReadonlyMap<string, ServicePrediction>): void {
  const missed = [...predictions].filter(([, { beyondRto }]) => beyondRto.length > 0);
  if (missed.length === 0) return;
  const names = missed.map(([name]) => name).join(', ');
  throw new AppError('configInvalid', {
    message: {
      en: `${names}: predicted p99 takeover time exceeds objectives.rto`,
      zh: `${names}：预计的 p99 接管时间超过 objectives.rto`,
    },
    reason: {
      en: `with the timings in ${file}, a takeover takes longer than the outage that you allow`,
      zh: `按 ${file} 中的时间设置，接管耗时超过允许的中断时长`,
    },
    hint: {
      en: 'reduce probe.interval and probe.timeout, use a hotter standby, or raise objectives.rto',
      zh: '缩短 probe.interval 和 probe.timeout，提高备用成员的温度，或放宽 objectives.rto',
    },
  });
}

/** A process that uses an address may be exiting: repeat the checks before refusing a start. */
const CHECKS_MAX = 4;
const CHECK_AGAIN_MS = 250;
const CHANGING: ReadonlySet<PreflightCode> = new Set(['portTaken', 'pathUnusable']);

/**
 * Throws AppError preflightFailed if this host cannot run the configuration; `up` calls it before it starts. If members
 * of an earlier agent run, an error of one service must not leave the others without an agent: it is returned instead,
 * and the agent retries by itself.
 */
export async function assertHostReady(
  config: ResolvedConfig,
): Promise<readonly PreflightFinding[]> {
  let findings = await preflight(config);
  for (let checks = 1; checks < CHECKS_MAX && findings.some(mayPass); checks += 1) {
    await new Promise((resolve) => setTimeout(resolve, CHECK_AGAIN_MS));
    findings = await preflight(config);
  }
  const spared = anyMemberRuns(config) ? findings.filter(isOfOne) : [];
  refuseFindings(
    config.file,
    findings.filter((finding) => !spared.includes(finding)),
  );
  return spared.filter(({ level }) => level === 'error');
}

function isOfOne({ where, code }: PreflightFinding): boolean {
  return where.startsWith('services.') && code !== 'fenceUnproved';
}

function mayPass({ level, code }: PreflightFinding): boolean {
  return level === 'error' && CHANGING.has(code);
}

/** Whether a member of an earlier agent runs, by the records of this state directory. */
function anyMemberRuns({ agent, services }: ResolvedConfig): boolean {
  return services.some(({ name, members }) =>
    members.some((member) => {
      const found = readRecord(agent.stateDir, name, member.name);
      if (found === null || found === 'damaged') return found === 'damaged';
      return processStillRuns(found.main.pid, found.main.startTicks);
    }),
  );
}

function refuseFindings(file: string, findings: readonly PreflightFinding[]): void {
  const faults = findings.filter(({ level }) => level === 'error');
  if (faults.length === 0) return;
  const count = faults.length === 1 ? 'one error' : `${faults.length} errors`;
  throw new AppError('preflightFailed', {
    message: {
      en: `this host cannot run ${file}, ${count}:\n${formatFindings(faults, 'en').join('\n')}`,
      zh: `本机无法运行 ${file}，有 ${faults.length} 处错误：\n${formatFindings(faults, 'zh').join('\n')}`,
    },
    reason: {
      en: 'hotwarm would fail at startup or during a takeover',
      zh: 'hotwarm 会在启动时或接管时失败',
    },
    hint: {
      en: `correct the errors above, then run: hotwarm check -c ${file}`,
      zh: `修正以上错误，再运行：hotwarm check -c ${file}`,
    },
  });
}
