import type { FaultFigure, FaultRates } from '../model/fault-rates.ts';
import type { CoreConfig, ServiceConfig } from '../core/config.ts';
import type { ProbeSpec } from '../drivers/probe/spec.ts';
import type { ResolvedTraffic } from './traffic/kinds.ts';
import type { Temperature } from '../core/temperature.ts';

// The configuration as the rest of hotwarm uses it: complete, checked, durations in milliseconds, sizes in bytes, paths
// absolute. No further checks are needed, except those that depend on the host (free ports, programs, users): preflight
// does them.

export type ResolvedConfig = {
  readonly agent: ResolvedAgent;
  readonly services: readonly ResolvedService[];
  /** The core's configuration; contains the same ServiceConfig objects as `services`. */
  readonly core: CoreConfig;
  /** Absolute path of the configuration file. */
  readonly file: string;
  /** Its directory: relative paths start here. */
  readonly baseDir: string;
};

export type HostPort = { readonly host: string; readonly port: number };

type ResolvedAgent = {
  readonly host: string;
  readonly stateDir: string;
  readonly api: HostPort & {
    readonly token: string | null;
    /** Path of its Unix socket. */
    readonly socket: string;
  };
  readonly store: { readonly type: 'embedded' };
};

export type ResolvedService = {
  readonly name: string;
  readonly core: ServiceConfig;
  readonly traffic: ResolvedTraffic;
  /** In the order of the file: the first is preferred. */
  readonly members: readonly ResolvedMember[];
  readonly probe: ProbeSpec;
  /** The probe that makes a started member ready; by default the routine probe. */
  readonly ready: ProbeSpec;
  /** Warm-up requests before a member is frozen; null: none. */
  readonly prime: ResolvedPrime | null;
  readonly objectives: Objectives;
  readonly faults: FaultModel;
};

/** Expected failures, for `plan` and `simulate`; no decision of the core depends on them. */
export type FaultModel = {
  readonly rates: FaultRates;
  /** Figures in the file; the others are defaults. */
  readonly given: readonly FaultFigure[];
};

export type ResolvedPrime = { readonly path: string; readonly requests: number };

export type ResolvedMember = {
  readonly name: string;
  readonly host: string;
  readonly address: string;
  readonly port: number;
  /** Run without a shell. Never empty. */
  readonly command: readonly string[];
  readonly temperature: Temperature;
  /** Share of one core that a warm standby may use, 0.2 or 1.5; null: not limited. */
  readonly cpuShare: number | null;
  /** Added to the agent's own environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** null: the agent's own user. */
  readonly user: string | null;
};

/** The objectives of the service; null: not set. */
type Objectives = {
  readonly rtoMs: number | null;
  readonly rpoBytes: number | null;
  /** 0 to 1, e.g. 0.9999. */
  readonly availability: number | null;
};
