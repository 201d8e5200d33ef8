import { readFileSync } from 'node:fs';
import type { Clients } from './clients.ts';
import type { ServiceName, Testbed } from './testbed.ts';

// What must hold whatever was done to the processes. Each check gives the violations that it found, as sentences.

const REPLAYED_AT_MOST = 12;
const WATCH_MS = 200;

type Executed = { readonly id: string; readonly pid: number };

/** Nothing executed twice, nothing acknowledged lost; in an exclusive service no former writer after its successor. */
export function checkOperations(
  bed: Testbed,
  clients: Clients,
  exclusive: boolean,
): readonly string[] {
  const executed = readOperations(bed, clients.service);
  const counts = new Map<string, number>();
  for (const { id } of executed) counts.set(id, (counts.get(id) ?? 0) + 1);
  const twice = [...counts].filter(([, count]) => count > 1).map(([id]) => id);
  const lost = clients.acknowledged.filter((id) => !counts.has(id));
  return [
    ...twice.map((id) => `${id} was executed twice`),
    ...lost.map((id) => `${id} was acknowledged and is lost`),
    ...(exclusive ? staleWriters(executed, clients.service) : []),
  ];
}

/** A process of an exclusive service that wrote, was succeeded, and wrote again. */
function staleWriters(executed: readonly Executed[], service: ServiceName): readonly string[] {
  const former = new Set<number>();
  const stale: string[] = [];
  let writer: number | null = null;
  for (const { id, pid } of executed) {
    if (pid === writer) continue;
    if (former.has(pid))
      stale.push(`${service}: pid ${pid} executed ${id} after its successor had begun`);
    if (writer !== null) former.add(writer);
    writer = pid;
  }
  return stale;
}

function readOperations(bed: Testbed, service: ServiceName): readonly Executed[] {
  return readFileSync(bed.path(`${service}.log`), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [id = '', pid = ''] = line.split(' ');
      return { id, pid: Number(pid) };
    });
}

/** Watches the epochs that the agents report: they never fall. */
export class EpochCheck {
  readonly violations: string[] = [];
  readonly #highest = new Map<string, number>();
  #watching: Promise<void> | null = null;
  #stopped = false;

  watch(bed: Testbed): void {
    this.#watching = this.#ask(bed);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#watching;
  }

  async #ask(bed: Testbed): Promise<void> {
    while (!this.#stopped) {
      for (const [name, { epoch }] of Object.entries((await bed.status())?.services ?? {}))
        this.#saw(name, epoch);
      await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
    }
  }

  #saw(service: string, epoch: number): void {
    const before = this.#highest.get(service) ?? 0;
    if (epoch < before)
      this.violations.push(`${service}: epoch ${epoch} was reported after ${before}`);
    this.#highest.set(service, Math.max(before, epoch));
  }
}

/** Incidents are numbered without a number given twice, and the newest of them replay to the same. */
export async function checkJournal(bed: Testbed, mayLack: boolean): Promise<readonly string[]> {
  const history = await bed.run('history', '--json', '--limit', '1000');
  if (history.code !== 0) return [`history failed: ${history.err}`];
  const { incidents } = JSON.parse(history.out) as {
    readonly incidents: readonly {
      readonly incident: { readonly id: number; readonly outcome: string };
    }[];
  }; // The command's own document.
  const ids = incidents.map(({ incident }) => incident.id);
  const repeated = ids.filter((id, index) => ids.indexOf(id) !== index);
  const violations = repeated.map((id) => `incident ${id} is listed twice`);
  for (const id of ids.slice(0, REPLAYED_AT_MOST)) {
    const replay = await bed.run('replay', String(id), '--json');
    // A disk that was full may have cost the journal a part; whatever is there must agree.
    const isMissing = replay.code !== 0 && replay.out === '';
    if (replay.code === 0 || (mayLack && isMissing)) continue;
    violations.push(`incident ${id} does not replay: ${(replay.err || replay.out).slice(0, 600)}`);
  }
  return violations;
}
