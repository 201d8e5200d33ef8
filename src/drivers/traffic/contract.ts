import type { Route } from '../../core/effect.ts';
import type { ProbeFault } from '../../core/reasons.ts';

// How clients reach the active member of one service. Lives outside the agent's event loop.

export type Target = { readonly member: string; readonly host: string; readonly port: number };

export type TrafficOptions = {
  readonly service: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly protocol: 'http' | 'tcp';
  readonly targets: readonly Target[];
  /** How many processes share the address and the limits. */
  readonly processes: number;
  /** Directory for control sockets. */
  readonly stateDir: string;
  readonly limits: HoldLimits;
  readonly clients: ClientLimits;
  /** null: clients speak without TLS. */
  readonly tls: ClientTls | null;
  /** Each client connection begins with a PROXY protocol header. */
  readonly acceptHeader: boolean;
  readonly transport: MemberTransport;
  readonly onEvent: (event: TrafficEvent) => void;
};

/** What one client may cost; a connection beyond any of these is ended. */
export type ClientLimits = {
  readonly connections: number;
  /** Without a request. */
  readonly idleMs: number;
  /** From a head's first byte to its last. */
  readonly headMs: number;
  /** A body that does not come, an answer that is not read. */
  readonly stallMs: number;
};

export type ClientTls = {
  /** PEM, the server's certificate first. */
  readonly certFile: string;
  readonly keyFile: string;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
};

/** How members are spoken to. */
export type MemberTransport = {
  /** null: without TLS. */
  readonly tls: MemberTls | null;
  /** Each connection begins with a PROXY protocol header. */
  readonly sendHeader: boolean;
};

export type MemberTls = {
  /** PEM; null: the authorities that the runtime knows. */
  readonly caFile: string | null;
  /** False: any certificate will do. */
  readonly verify: boolean;
  /** null: the member's address. */
  readonly serverName: string | null;
};

/** What may wait while no member is ready; beyond any of these: 503 with Retry-After. */
export type HoldLimits = {
  readonly holdMs: number;
  readonly holdRequests: number;
  readonly holdBytes: number;
  /** Largest request body kept for a replay; a larger one is forwarded but cannot be replayed. */
  readonly replayBytes: number;
  /** How often one request may be sent, counting the first time. */
  readonly attempts: number;
  /** Time limit on the first byte of a member's response; 0: none. */
  readonly answerMs: number;
};

export type TrafficEvent =
  | {
      readonly type: 'failed';
      readonly member: string;
      readonly fault: ProbeFault;
      readonly count: number;
    }
  | { readonly type: 'fellBack'; readonly from: string; readonly to: string }
  | ({ readonly type: 'sampled' } & TrafficSample)
  /** Changed certificate files were loaded, or could not be (`fault`), so that the old ones stay in force. */
  | { readonly type: 'certificate'; readonly file: string; readonly fault: string | null }
  | ({ readonly type: 'process' } & ProcessChange)
  /** A standby accepts clients although it was not told to. */
  | { readonly type: 'acceptedEarly'; readonly member: string }
  /** No process serves; one does again. */
  | { readonly type: 'lost' }
  | { readonly type: 'restored' };

/** What became of one of the data plane's processes. */
export type ProcessChange =
  | ({ readonly change: 'ended' } & ProcessLoss)
  /** It did not answer and was killed. */
  | ({ readonly change: 'hung' } & ProcessLoss)
  | { readonly change: 'started'; readonly process: number; readonly pid: number }
  /** The socket holder is gone: the address is kept only for as long as a process has it. */
  | { readonly change: 'unkept' }
  /** There is one again, and it holds the address. */
  | { readonly change: 'kept' };

export type TrafficSample = {
  readonly member: string;
  readonly windowMs: number;
  readonly requests: number;
  readonly errors: number;
  readonly p95Ms: number | null;
  readonly waiting: number;
  readonly oldestWaitMs: number;
};

type ProcessLoss = {
  readonly process: number;
  readonly pid: number;
  /** What it had shortly before, and was lost with it; null: unknown. */
  readonly lost: { readonly connections: number; readonly requests: number } | null;
};

/** Counters since the process started. */
export type TrafficCounts = {
  readonly requests: number;
  readonly failed: number;
  readonly replayed: number;
  readonly hedged: number;
  readonly heldNow: number;
  readonly heldTotal: number;
  readonly refused: number;
  readonly rejected: number;
  readonly connections: number;
  readonly inFlight: Readonly<Record<string, number>>;
  readonly bytesIn: number;
  readonly bytesOut: number;
};

export type ProxyProcessStats = TrafficCounts & { readonly process: number; readonly pid: number };

/** The sums over the processes that answer, each of them, and what ended with others since the agent started. */
export type TrafficStats = TrafficCounts & {
  readonly processes: readonly ProxyProcessStats[];
  readonly losses: TrafficLosses;
};

type TrafficLosses = {
  readonly processes: number;
  /** As they were shortly before. */
  readonly connections: number;
  readonly requests: number;
};

/**
 * What a data plane can do, as its driver states it. The rules of the configuration and what the core knows of it follow
 * from these, never from the driver's name.
 */
export type TrafficAbilities = {
  /** While no member serves, clients wait instead of being refused. */
  readonly holds: boolean;
  /** Keeps new requests from a member that runs on until those in flight have ended. Otherwise a member must be stopped. */
  readonly drains: boolean;
  /** Sends a request again that a member took and did not answer, if that is safe. */
  readonly replays: boolean;
  /** Turns to the route's fallbacks by itself when the active member dies. */
  readonly fallsBack: boolean;
  /** Past the route's `leaseUntil` no member gets anything, whether or not the agent still runs. */
  readonly obeysLeaseEnd: boolean;
  /** No client reaches a member that runs and is not active. */
  readonly shieldsStandbys: boolean;
  /** The clients' address moves from host to host with the active member. */
  readonly carriesAddress: boolean;
  /** Counts requests and reports how members answer them: `stats()` and the events `failed` and `sampled`. */
  readonly seesRequests: boolean;
};

export interface TrafficDriver {
  readonly abilities: TrafficAbilities;
  /** Binds the address and holds every request until the first route. */
  open(): Promise<void>;
  /** After open() has failed although the service was served before: goes on trying, and reports `lost` where no client is served meanwhile. */
  openEventually(): void;
  /** Resolves when every new request obeys the route. A route with a lower epoch than the last fails with `conflict`. */
  route(route: Route): Promise<void>;
  /** Resolves when the member has no request in flight, or at the time-out after cutting `cut` of them. Does nothing without the ability. */
  drain(options: { member: string; timeoutMs: number }): Promise<{ cut: number }>;
  /** null: the driver does not see requests. */
  stats(): Promise<TrafficStats | null>;
  /** Ends the data plane. */
  close(): Promise<void>;
  /** Lets go of the data plane, which serves on and can be taken over. */
  leave(): void;
}
