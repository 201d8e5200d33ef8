// Random faults against real processes: members, proxies, the socket holder and the agent are killed, stopped and
// replaced, commands are given, the disk is filled, while clients write and read. Exits 1 when anything was
// violated; the seed gives the same faults in the same order again.
//   node test/chaos/main.ts [--seconds 60] [--seed 1] [--json]
import { parseArgs } from 'node:util';
import { seeded } from '../../bench/traces/random.ts';
import { monotonicMs } from '../../src/clock.ts';
import { isWhole } from '../../src/drill/agent-process.ts';
import { checkJournal, checkOperations, EpochCheck } from './checks.ts';
import { allClients, type Clients } from './clients.ts';
import { drawFault, endMembers } from './faults.ts';
import { SERVICES, Testbed } from './testbed.ts';
import { eventually } from '../eventually.ts';

/** Within this every service answers again once a fault has ended, on a machine that others use too. */
const RECOVERY_MS = 45_000;
/** Within this every member is as it should be again. */
const WHOLE_MS = 90_000;
/** After so many faults everything must become whole. */
const FAULTS_BETWEEN_RESTS = 5;
const VIOLATIONS_SHOWN = 20;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});

function tell(text: string): void {
  if (!values.json) console.log(text);
}

/** Every service answers a request that is sent from now on. */
async function recovered(clients: readonly Clients[], what: string): Promise<string | null> {
  const since = monotonicMs();
  try {
    await eventually(
      what,
      () => clients.every(({ lastReadSentAt }) => lastReadSentAt > since),
      RECOVERY_MS,
    );
    return null;
  } catch {
    const silent = clients.filter(({ lastReadSentAt }) => lastReadSentAt <= since);
    return `${what}: no answer of ${silent.map(({ service }) => service).join(', ')} within ${RECOVERY_MS} ms`;
  }
}

/**
 * An agent runs and every member of every service is as it should be. Where the socket holder was killed, no new member can
 * inherit the shared socket before the last old one has ended, so those are ended first.
 */
async function whole(bed: Testbed): Promise<string | null> {
  try {
    if (holderKilled)
      await eventually('the members of the shared socket are known', async () => {
        if (bed.liveAgents.length === 0) bed.up();
        return await endMembers(bed, 'shared');
      });
    holderKilled = false;
    await eventually(
      'everything is whole',
      async () => {
        if (bed.liveAgents.length === 0) bed.up();
        const status = await bed.status();
        return SERVICES.every((name) => {
          const service = status?.services[name];
          return service !== undefined && isWhole(service);
        });
      },
      WHOLE_MS,
    );
    return null;
  } catch {
    return `not whole within ${WHOLE_MS} ms: ${JSON.stringify((await bed.status())?.services)}`;
  }
}

const bed = await Testbed.open();
const random = seeded(Number(values.seed));
const clients = allClients(bed.ports);
const epochs = new EpochCheck();
const violations: string[] = [];
const faults = new Map<string, number>();
let filled = false;
let holderKilled = false;

function violated(found: string | null): void {
  if (found === null) return;
  violations.push(found);
  tell(`VIOLATION  ${found}`);
}

async function strikeOnce(count: number): Promise<void> {
  const fault = drawFault(random, bed.hasOwnDisk);
  faults.set(fault.name, (faults.get(fault.name) ?? 0) + 1);
  holderKilled ||= fault.name === 'kill the socket holder';
  filled ||= fault.name === 'fill the disk';
  const struck = await fault.strike(bed, random);
  tell(
    `${String(count).padStart(4)}  ${(monotonicMs() - startedAt).toFixed(0).padStart(8)} ms  ${fault.name}: ${struck}`,
  );
  // Services must not need an agent to answer, but a dead one must be replaced by whoever supervises it.
  if (bed.liveAgents.length === 0) bed.up();
  violated(await recovered(clients, `fault ${count}, ${fault.name} (${struck})`));
  if (count % FAULTS_BETWEEN_RESTS === 0) violated(await whole(bed));
  await new Promise((resolve) => setTimeout(resolve, random() * 500));
}

const startedAt = monotonicMs();
const endsAt = startedAt + Number(values.seconds) * 1000;
try {
  bed.up();
  violated(await whole(bed));
  for (const client of clients) client.start();
  epochs.watch(bed);
  for (let count = 1; monotonicMs() < endsAt; count += 1) await strikeOnce(count);
  violated(await whole(bed));
  await Promise.all(clients.map(async (client) => await client.stop()));
  await epochs.stop();
  for (const client of clients)
    violations.push(...checkOperations(bed, client, client.service === 'ledger'));
  violations.push(...epochs.violations, ...(await checkJournal(bed, filled)));
  for (const agent of bed.liveAgents) agent.kill('SIGTERM');
  await eventually('every agent ends', () => bed.liveAgents.length === 0, WHOLE_MS);
  const left = bed.processes();
  for (const { pid, command } of left) violations.push(`left behind: ${pid} ${command}`);
} finally {
  if (violations.length > 0)
    tell(`\nthe end of what the agents printed:\n${bed.printed.slice(-8000)}`);
  await bed.close();
}

const summary = {
  seed: Number(values.seed),
  seconds: Math.round((monotonicMs() - startedAt) / 1000),
  faults: [...faults.values()].reduce((sum, count) => sum + count, 0),
  operations: clients.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0),
  unanswered: clients.reduce((sum, { unknown }) => sum + unknown.length, 0),
  reads: clients.reduce((sum, { reads }) => sum + reads, 0),
  failedReads: clients.reduce((sum, { failedReads }) => sum + failedReads, 0),
  longestGapMs: Math.round(Math.max(...clients.map(({ longestGapMs }) => longestGapMs))),
  violations: violations.length,
};
if (values.json)
  console.log(JSON.stringify({ summary, faults: Object.fromEntries(faults), violations }, null, 2));
else {
  for (const line of clients.flatMap(({ failures }) => failures)) console.log(line);
  console.table(summary);
  for (const violation of violations.slice(0, VIOLATIONS_SHOWN))
    console.log(`VIOLATION  ${violation}`);
}
process.exitCode = violations.length === 0 ? 0 : 1;
