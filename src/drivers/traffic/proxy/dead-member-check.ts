import type { Socket } from 'node:net';
import { dial, readyEventOf } from '../../member-transport.ts';
import type { Member } from './member.ts';
import type { Router } from './router.ts';

// Finds out whether a member met dead accepts connections again, as the agent may have restarted it in place
// without any change of the route. Short of any member to send to, it asks often, for what is held waits on it;
// while a fallback serves it asks ever less often.

const URGENT_MS = 20;
const FIRST_MS = 100;
const MAX_MS = 1000;
const TIMEOUT_MS = 500;

export class DeadMemberCheck {
  readonly #router: Router;
  readonly #members: ReadonlyMap<string, Pick<Member, 'target' | 'transport'>>;
  readonly #onAlive: (member: string) => void;
  #timer: NodeJS.Timeout | null = null;
  #calls: Socket[] = [];
  #pauseMs = FIRST_MS;

  constructor(
    router: Router,
    members: ReadonlyMap<string, Pick<Member, 'target' | 'transport'>>,
    onAlive: (member: string) => void,
  ) {
    this.#router = router;
    this.#members = members;
    this.#onAlive = onAlive;
  }

  /** A member was met dead. */
  start(): void {
    this.#pauseMs = FIRST_MS;
    // The pause that runs may be that of a time when a fallback served.
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#schedule();
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (const call of this.#calls) call.destroy();
    this.#calls = [];
  }

  #schedule(): void {
    if (this.#timer !== null || this.#router.deadOnes().length === 0) return;
    const urgent = this.#router.target() === null && this.#router.mayForward();
    const pauseMs = urgent ? URGENT_MS : this.#pauseMs;
    if (!urgent) this.#pauseMs = Math.min(MAX_MS, this.#pauseMs * 2);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#ask();
    }, pauseMs);
  }

  #ask(): void {
    for (const call of this.#calls) call.destroy();
    this.#calls = [];
    for (const member of this.#router.deadOnes()) {
      const place = this.#members.get(member);
      if (place === undefined) continue;
      const { target, transport } = place;
      const call = dial(target, transport);
      call.setTimeout(TIMEOUT_MS);
      call.on(readyEventOf(transport), () => {
        call.destroy();
        this.#onAlive(member);
      });
      call.on('timeout', () => call.destroy());
      // Refused is the expected answer; it is asked again.
      call.on('error', () => {});
      this.#calls.push(call);
    }
    this.#schedule();
  }
}
