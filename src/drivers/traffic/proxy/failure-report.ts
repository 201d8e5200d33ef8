import type { ProbeFault } from '../../../core/reasons.ts';
import type { ProxyEvent } from './wire.ts';

// Tells the agent of requests that failed on a member: the first at once, as it may be the first sign of a
// death, and what follows in counts, so that a burst of failures does not become a burst of messages.

const PAUSE_MS = 20;

type Pending = { readonly member: string; readonly fault: ProbeFault; count: number };

export class FailureReport {
  readonly #tell: (event: ProxyEvent) => void;
  readonly #pending = new Map<string, Pending>();
  #pause: NodeJS.Timeout | null = null;

  constructor(tell: (event: ProxyEvent) => void) {
    this.#tell = tell;
  }

  add(member: string, fault: ProbeFault): void {
    const key = `${member} ${fault}`;
    const pending = this.#pending.get(key);
    if (pending === undefined) this.#pending.set(key, { member, fault, count: 1 });
    else pending.count += 1;
    if (this.#pause === null) this.#flush();
  }

  close(): void {
    if (this.#pause !== null) clearTimeout(this.#pause);
    this.#pause = null;
  }

  #flush(): void {
    for (const pending of this.#pending.values()) this.#tell({ type: 'failed', ...pending });
    this.#pending.clear();
    this.#pause = setTimeout(() => {
      this.#pause = null;
      if (this.#pending.size > 0) this.#flush();
    }, PAUSE_MS);
  }
}
