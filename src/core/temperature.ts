// How a standby is kept, from the one that takes over soonest to the one that costs least. This table is the only
// place that knows what a temperature means: everything else asks it, the model included.

/** What is left of the member's process while it stands by. */
export type Standing =
  /** It runs, is probed, and may hold on to its copy. */
  | 'running'
  /** Its memory is kept and nothing executes. Raised by a thaw. */
  | 'frozen'
  /** Nothing. Raised by a start. */
  | 'absent';

export type Capacity = 'full' | 'reduced';

export type Upkeep = {
  readonly standing: Standing;
  /** Of its processor while it runs; reduced: the quota `cpu`, lifted when it is raised. */
  readonly capacity: Capacity;
};

export const TEMPERATURES = {
  hot: { standing: 'running', capacity: 'full' },
  warm: { standing: 'running', capacity: 'reduced' },
  frozen: { standing: 'frozen', capacity: 'full' },
  cold: { standing: 'absent', capacity: 'full' },
} as const satisfies Readonly<Record<string, Upkeep>>;

export type Temperature = keyof typeof TEMPERATURES;

/** Hottest first. */
export const TEMPERATURE_NAMES = ['hot', 'warm', 'frozen', 'cold'] as const;

/** What the active is, and whoever is about to become active. */
export const FULL: Upkeep = { standing: 'running', capacity: 'full' };

export function upkeepOf(temperature: Temperature): Upkeep {
  return TEMPERATURES[temperature];
}

/** Probes and clients' requests say nothing of it, so it must be rehearsed. */
export function standsUnseen(temperature: Temperature): boolean {
  return upkeepOf(temperature).standing !== 'running';
}

/** Not running is what it should be: nothing speaks against starting it when it is needed. */
export function startsWhenNeeded(temperature: Temperature): boolean {
  return upkeepOf(temperature).standing === 'absent';
}

export function eachTemperature<Value>(
  make: (temperature: Temperature) => Value,
): Readonly<Record<Temperature, Value>> {
  return { hot: make('hot'), warm: make('warm'), frozen: make('frozen'), cold: make('cold') };
}
