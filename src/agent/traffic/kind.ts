import type { ResolvedService } from '../../config/resolved.ts';
import type { ResolvedTraffic } from '../../config/traffic/kinds.ts';
import type { SocketHolderHandle } from '../../drivers/socket-holder/handle.ts';
import type { ProcessMemberOptions } from '../../drivers/member/process.ts';
import type { Target, TrafficDriver, TrafficEvent } from '../../drivers/traffic/contract.ts';

// What the agent must know of one way in which clients reach the active member: one word of `traffic.via`.

export type TrafficFactory<Traffic extends ResolvedTraffic> = {
  readonly make: (service: ServiceVia<Traffic>, parts: TrafficParts) => TrafficDriver;
  /** What the socket holder calls the sockets that it holds for the service. */
  readonly socketKeys: (service: ServiceVia<Traffic>) => readonly string[];
  /** What a member inherits. */
  readonly inheritance: (
    service: ServiceVia<Traffic>,
    member: string,
    parts: Pick<TrafficParts, 'stateDir' | 'socketHolder'>,
  ) => Inheritance;
  /** Ends what an earlier agent left of services other than these, which have it no more. */
  readonly endFormer: (stateDir: string, services: readonly string[]) => Promise<void>;
};

export type ServiceVia<Traffic extends ResolvedTraffic> = ResolvedService & {
  readonly traffic: Traffic;
};

export type TrafficParts = {
  readonly stateDir: string;
  readonly socketHolder: SocketHolderHandle;
  readonly targets: readonly Target[];
  /** How many connections of clients a member has open. */
  readonly clientsOf: (member: string) => number;
  readonly onEvent: (event: TrafficEvent) => void;
};

export type Inheritance = Pick<ProcessMemberOptions, 'handed' | 'sharedSockets' | 'spawner'>;
