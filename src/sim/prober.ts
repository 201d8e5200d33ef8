import type { Event, ProbeAnswer } from '../core/event.ts';
import type { Channel } from '../core/reasons.ts';
import type { Member } from './member.ts';
import type { Mishaps } from './mishaps.ts';
import type { Random } from './random.ts';
import { positionOf } from './register.ts';
import type { ServiceOnHost } from './service-on-host.ts';

// Routine probes of an agent's members, like src/drivers/probe/schedule.ts: one per slot of the schedule; missed slots are
// skipped. With replication, each response is followed by a request for the position.

const ANSWER_MS = { low: 0.1, high: 6 } as const;
const REPORT_MS = { low: 0.1, high: 20 } as const;

type ProberOptions = {
  readonly site: ServiceOnHost;
  readonly random: Random;
  readonly mishaps: Mishaps;
  /** Runs in the agent's process while it exists. */
  readonly whileAlive: (action: () => void) => void;
  readonly onEvent: (event: Event) => void;
};

export class Prober {
  readonly #options: ProberOptions;
  readonly #watched = new Map<string, symbol>();

  constructor(options: ProberOptions) {
    this.#options = options;
  }

  watch(member: Member, incarnation: number): void {
    const watch = Symbol(member.name);
    this.#watched.set(member.name, watch);
    this.#schedule(member, incarnation, watch, member.host.now(), 1);
  }

  unwatch(name: string): void {
    this.#watched.delete(name);
  }

  /** One probe, with a timeout on the host's own clock. */
  look(member: Member, timeoutMs: number, onAnswer: (answer: ProbeAnswer) => void): void {
    const { host } = member;
    const { whileAlive, random } = this.#options;
    let answered = false;
    const answer = (given: ProbeAnswer): void => {
      if (answered) return;
      answered = true;
      whileAlive(() => onAnswer(given));
    };
    if (!member.alive) return answer({ ok: false, fault: 'refused', detail: '' });
    host.after(timeoutMs, () => answer({ ok: false, fault: 'timeout', detail: '' }));
    const reduced = member.capacity === 'reduced' ? 2 : 1;
    const latencyMs = random.skewed(ANSWER_MS.low, ANSWER_MS.high) * member.slowness * reduced;
    const { pid } = member;
    host.after(latencyMs, () => {
      if (!member.alive || member.pid !== pid)
        return answer({ ok: false, fault: 'reset', detail: '' });
      const succeed = (): void => answer({ ok: true, latencyMs });
      if (member.hung && !this.#options.site.probesSeeHangs) succeed();
      else member.run(succeed);
    });
  }

  #schedule(
    member: Member,
    incarnation: number,
    watch: symbol,
    startedAt: number,
    sequence: number,
  ): void {
    const { intervalMs, timeoutMs } = this.#options.site.config.detection;
    const { host } = member;
    host.at(startedAt + sequence * intervalMs, () =>
      this.#options.whileAlive(() => {
        if (this.#watched.get(member.name) !== watch) return;
        this.look(member, timeoutMs, (answer) => {
          if (this.#watched.get(member.name) === watch)
            this.#tell(member, incarnation, sequence, answer);
        });
        const slot = Math.floor((host.now() - startedAt) / intervalMs);
        this.#schedule(member, incarnation, watch, startedAt, Math.max(slot, sequence) + 1);
      }),
    );
  }

  #tell(member: Member, incarnation: number, sequence: number, answer: ProbeAnswer): void {
    const { site, onEvent } = this.#options;
    const channel: Channel = site.config.kind === 'process' ? 'http' : 'postgres';
    const at = member.host.now();
    const base = {
      at,
      service: site.config.name,
      member: member.name,
      incarnation,
      channel,
      sequence,
    };
    onEvent(
      answer.ok
        ? { type: 'probeSucceeded', ...base, latencyMs: answer.latencyMs }
        : { type: 'probeFailed', ...base, fault: answer.fault, detail: answer.detail },
    );
    if (answer.ok && site.config.abilities.position) this.#askPosition(member, incarnation);
  }

  /** The member reports when its process runs; the report is delayed, or never arrives. */
  #askPosition(member: Member, incarnation: number): void {
    const { site, random, mishaps, whileAlive, onEvent } = this.#options;
    const { host, copy } = member;
    if (copy === null || random.chance(mishaps.reportLost)) return;
    member.run(() => {
      const report = positionOf(copy);
      const asOf = host.now();
      host.after(random.skewed(REPORT_MS.low, REPORT_MS.high), () =>
        whileAlive(() => {
          const at = host.now();
          const from = { at, service: site.config.name, member: member.name, incarnation };
          onEvent({ type: 'positionReported', ...from, ...report, ageMs: at - asOf });
        }),
      );
    });
  }
}
