import type { AgentView } from '../agent/contract.ts';
import { overallStatus } from '../api/status.ts';
import { leadingMember, type AgentState, type ServiceState } from '../core/state.ts';
import type { ServiceManager, Told } from '../drivers/service-manager.ts';

// Messages of the agent to the service manager. The watchdog message depends on decisions: the agent samples its host
// twice a second, and the core must have decided that event. So the manager also restarts an agent whose event loop runs
// but whose core is stuck.

/** Age of the newest decision, up to which the agent counts as alive. */
const LIVE_MS = 3000;
const LOOK_MS = 1000;
/** Shorter until ready: the manager waits for that. */
const LOOK_AT_START_MS = 100;
/** Extends the startup timeout each time; after this long without a message the manager gives up. */
const EXTEND_MS = 30_000;
/** Services named in the status. */
const NAMED_MAX = 5;

type Manager = Pick<ServiceManager, 'watchdogMs' | 'tell'>;

export class Supervision {
  readonly #manager: Manager | null;
  readonly #onFault: (error: unknown) => void;
  #timer: NodeJS.Timeout | null = null;
  #isReady = false;
  #isFaulty = false;
  #isTelling = false;
  #status = '';
  #provedAt = Number.NEGATIVE_INFINITY;
  #last: Promise<void> = Promise.resolve();

  /** onFault: a message could not be sent; called for the first of several in a row. */
  constructor(manager: Manager | null, onFault: (error: unknown) => void) {
    this.#manager = manager;
    this.#onFault = onFault;
  }

  /** Whether a service manager runs the agent. */
  get isManaged(): boolean {
    return this.#manager !== null;
  }

  /** Before anything is started: without messages the manager would stop the agent later. Throws AppError. */
  async begin(): Promise<void> {
    await this.#manager?.tell({ status: 'starting' });
  }

  /** Before the old agent exits: the manager would take that for the end of the service. Throws AppError. */
  async becomeMain(): Promise<void> {
    await this.#manager?.tell({ mainPid: process.pid });
  }

  watch(view: Pick<AgentView, 'now' | 'state'>): void {
    if (this.#manager === null) return;
    const everyMs = Math.min(this.#manager.watchdogMs ?? EXTEND_MS, EXTEND_MS) / 2;
    const look = (): void => {
      this.#look(view.state(), view.now(), everyMs);
      this.#timer = setTimeout(look, this.#isReady ? Math.min(LOOK_MS, everyMs) : LOOK_AT_START_MS);
    };
    look();
  }

  /** A successor is starting. */
  reloading(): void {
    this.#tell({ reloading: true });
  }

  /** The successor failed to take over. */
  reloadFailed(): void {
    this.#tell({ ready: true });
  }

  stopping(withinMs: number): void {
    this.close();
    this.#tell({ stopping: true, status: 'stopping', extendMs: withinMs });
  }

  /** Stops the periodic messages. */
  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Resolves when all messages were sent. */
  async settled(): Promise<void> {
    await this.#last;
  }

  #look(state: AgentState, now: number, everyMs: number): void {
    if (this.#isTelling || now - state.at > LIVE_MS) return;
    const becomesReady = !this.#isReady && state.services.every(isDecided);
    const isDue = now - this.#provedAt >= everyMs;
    const status = describeStatus(state);
    if (!becomesReady && !isDue && status === this.#status) return;
    const told: Told = {
      ...(becomesReady ? { ready: true } : {}),
      ...(isDue && this.#manager?.watchdogMs !== null ? { watchdog: true } : {}),
      ...(isDue && !this.#isReady && !becomesReady ? { extendMs: EXTEND_MS } : {}),
      status,
    };
    // A message that could not be sent is sent again next time.
    this.#tell(told, () => {
      this.#isReady ||= becomesReady;
      this.#status = status;
      if (isDue) this.#provedAt = now;
    });
  }

  #tell(told: Told, onTold?: () => void): void {
    if (this.#manager !== null) this.#last = this.#tellNow(this.#manager, told, onTold);
  }

  async #tellNow(manager: Manager, told: Told, onTold?: () => void): Promise<void> {
    this.#isTelling = true;
    try {
      await manager.tell(told);
      this.#isFaulty = false;
      onTold?.();
    } catch (error) {
      if (!this.#isFaulty) this.#onFault(error);
      this.#isFaulty = true;
    } finally {
      this.#isTelling = false;
    }
  }
}

/** Whether a member is serving, or every member was tried without success: the startup is over. */
function isDecided({ phase, members }: ServiceState): boolean {
  return phase !== 'starting' || members.every(({ repair }) => repair.attempts > 0);
}

/** One line, services with problems first. */
export function describeStatus({ services }: Pick<AgentState, 'services'>): string {
  const told = services
    .map((service) => ({ service, overall: overallStatus(service) }))
    .toSorted((one, other) => Number(one.overall === 'OK') - Number(other.overall === 'OK'))
    .map(({ service, overall }) => {
      const { name, paused } = service;
      const active = leadingMember(service);
      const who = active === null ? 'no member is serving' : `${active} is serving`;
      return `${name} ${overall}, ${who}${paused ? ', paused' : ''}`;
    });
  const rest = told.length - NAMED_MAX;
  return [...told.slice(0, NAMED_MAX), ...(rest > 0 ? [`and ${rest} more`] : [])].join('; ');
}
