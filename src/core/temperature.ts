// How a standby is kept. This table is the only place that knows what a temperature means; everything else asks it, the
// model included.

/** From the one that takes over soonest to the one that costs least. */
export const TEMPERATURE_NAMES = ['hot', 'warm', 'frozen', 'cold'] as const;

export type Temperature = (typeof TEMPERATURE_NAMES)[number];

/**
 * What is left of a standby's process. From this follows what it costs and how it is raised:
 *            probed  keeps memory  keeps cores  raised by             rehearsed  primed first
 *   running  yes     yes           yes          lifting its quota     no         no
 *   frozen   no      yes           no           a thaw                yes        yes
 *   absent   no      no            no           a start               yes        no
 */
type Standing = 'running' | 'frozen' | 'absent';

export type Capacity = 'full' | 'reduced';

export type Upkeep = {
  readonly standing: Standing;
  /** Of its processor while it runs; reduced: no more than its quota. */
  readonly capacity: Capacity;
};

const TEMPERATURES: Readonly<Record<Temperature, Upkeep>> = {
  hot: { standing: 'running', capacity: 'full' },
  warm: { standing: 'running', capacity: 'reduced' },
  frozen: { standing: 'frozen', capacity: 'full' },
  cold: { standing: 'absent', capacity: 'full' },
};

/** Of the active member, and of one that is about to become active. */
export const FULL: Upkeep = { standing: 'running', capacity: 'full' };

export function upkeepOf(temperature: Temperature): Upkeep {
  return TEMPERATURES[temperature];
}

export function standingOf(temperature: Temperature): Standing {
  return TEMPERATURES[temperature].standing;
}

/** Why a member does not run that nobody has started: it should not, or not yet. */
export function absenceOf(temperature: Temperature): 'cold' | 'notStarted' {
  return standingOf(temperature) === 'absent' ? 'cold' : 'notStarted';
}

/** One value for each temperature. */
export function eachTemperature<Value>(
  make: (temperature: Temperature) => Value,
): Readonly<Record<Temperature, Value>> {
  return { hot: make('hot'), warm: make('warm'), frozen: make('frozen'), cold: make('cold') };
}
