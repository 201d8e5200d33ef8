import type { Member } from './member.ts';
import type { Network } from './network.ts';
import type { Copy, WriteId } from './register.ts';

// Sends the primary's log to its standbys: one ordered stream for each pair. `sync`: a write is acknowledged when every other
// member has confirmed it, even if that takes forever; `async`: at once. A standby follows the primary with the highest
// epoch that it knows, if its own log is a prefix of the primary's.

export type ReplicationMode = 'sync' | 'async';

type Append = {
  readonly epoch: number;
  readonly from: number;
  readonly writes: readonly WriteId[];
  readonly visible: number;
};

/** Interval for resending missing writes. */
const RESEND_MS = 200;

export class Replication {
  readonly #mode: ReplicationMode;
  readonly #network: Network;
  readonly #everyMs: number;
  readonly #members: Member[] = [];
  /** Unconfirmed writes of the primary, oldest first: the request and the required log length. */
  readonly #unconfirmed = new Map<
    string,
    { readonly request: number; readonly length: number }[]
  >();

  /** everyMs: interval at which a primary sends its log; 0: each write at once. */
  constructor(mode: ReplicationMode, everyMs: number, network: Network) {
    this.#mode = mode;
    this.#everyMs = everyMs;
    this.#network = network;
  }

  get mode(): ReplicationMode {
    return this.#mode;
  }

  add(member: Member): void {
    this.#members.push(member);
  }

  write(primary: Member, request: number, write: WriteId): void {
    const copy = copyOf(primary);
    copy.log.push(write);
    this.#waitFor(primary.name, request, copy.log.length);
    this.#settle(primary);
    if (this.#everyMs > 0) return;
    for (const standby of this.#members) if (standby !== primary) this.#send(primary, standby);
  }

  /** A process started, or its copy was replaced. */
  began(member: Member): void {
    this.#unconfirmed.delete(member.name);
    if (copyOf(member).role === 'primary') this.#stream(member, member.pid);
  }

  ended(member: Member): void {
    this.#unconfirmed.delete(member.name);
  }

  promoted(member: Member): void {
    this.#unconfirmed.delete(member.name);
    this.#stream(member, member.pid);
  }

  /** While this process is primary, sends missing writes to lagging standbys repeatedly. */
  #stream(primary: Member, pid: number): void {
    if (!primary.alive || primary.pid !== pid || copyOf(primary).role !== 'primary') return;
    primary.run(() => {
      for (const standby of this.#members) if (standby !== primary) this.#send(primary, standby);
    });
    primary.host.after(this.#everyMs > 0 ? this.#everyMs : RESEND_MS, () =>
      this.#stream(primary, pid),
    );
  }

  #send(primary: Member, standby: Member): void {
    const copy = copyOf(primary);
    const from = Math.min(copy.confirmed.get(standby.name) ?? 0, copy.log.length);
    const append: Append = {
      epoch: copy.epoch,
      from,
      writes: copy.log.slice(from),
      visible: copy.visible,
    };
    this.#network.send({
      from: primary.host.node,
      to: standby.host.node,
      stream: `${primary.name}>${standby.name}`,
      deliver: () =>
        standby.host.run(() => standby.run(() => this.#receive(primary, standby, append))),
    });
  }

  #receive(primary: Member, standby: Member, { epoch, from, writes, visible }: Append): void {
    const copy = copyOf(standby);
    if (copy.role === 'primary' || epoch < copy.epoch) return;
    if (from > copy.log.length) return this.#confirm(primary, standby, copy.log.length);
    const known = copy.log.slice(from);
    const agrees = known.every(
      (write, index) => writes[index] === undefined || writes[index] === write,
    );
    if (!agrees || (epoch > copy.epoch && known.length > writes.length)) return;
    copy.epoch = epoch;
    copy.log.push(...writes.slice(known.length));
    copy.visible = Math.max(copy.visible, Math.min(visible, copy.log.length));
    this.#confirm(primary, standby, copy.log.length);
  }

  #confirm(primary: Member, standby: Member, length: number): void {
    const { pid } = primary;
    this.#network.send({
      from: standby.host.node,
      to: primary.host.node,
      stream: `${standby.name}>${primary.name}`,
      deliver: () =>
        primary.host.run(() =>
          primary.run(() => {
            if (primary.pid !== pid || copyOf(primary).role !== 'primary') return;
            copyOf(primary).confirmed.set(standby.name, length);
            this.#settle(primary);
          }),
        ),
    });
  }

  #waitFor(name: string, request: number, length: number): void {
    const waiting = this.#unconfirmed.get(name);
    if (waiting === undefined) this.#unconfirmed.set(name, [{ request, length }]);
    else waiting.push({ request, length });
  }

  /** Acknowledges writes that all required members have. */
  #settle(primary: Member): void {
    const copy = copyOf(primary);
    const safe = this.#mode === 'async' ? copy.log.length : this.#confirmedByAll(primary, copy);
    copy.visible = Math.max(copy.visible, safe);
    const waiting = this.#unconfirmed.get(primary.name) ?? [];
    for (let next = waiting[0]; next !== undefined && next.length <= safe; next = waiting[0]) {
      waiting.shift();
      primary.answer(next.request, {
        type: 'ok',
        value: copy.log[next.length - 1] ?? 0,
        member: primary.name,
        at: primary.host.scheduler.now,
      });
    }
  }

  #confirmedByAll(primary: Member, copy: Copy): number {
    let least = copy.log.length;
    for (const member of this.#members) {
      if (member !== primary) least = Math.min(least, copy.confirmed.get(member.name) ?? 0);
    }
    return least;
  }
}

function copyOf(member: Member): Copy {
  if (member.copy === null) throw new TypeError(`${member.name} replicates nothing`);
  return member.copy;
}
