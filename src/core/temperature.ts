// Standby temperatures. This table is the only place that knows what a temperature means; all other code, the model
// included, uses it.

/** From the fastest takeover to the lowest cost. */
export const TEMPERATURE_NAMES = ['hot', 'warm', 'frozen', 'cold'] as const;

export type Temperature = (typeof TEMPERATURE_NAMES)[number];

/**
 * The state of a standby's process. Its cost and its preparation follow from it:
 *            probed  keeps memory  keeps cores  prepared by           rehearsed  primed first
 *   running  yes     yes           yes          lifting its quota     no         no
 *   frozen   no      yes           no           a thaw                yes        yes
 *   absent   no      no            no           a start               yes        no
 */
type Standing = 'running' | 'frozen' | 'absent';

export type Capacity = 'full' | 'reduced';

export type Upkeep = {
  readonly standing: Standing;
  /** CPU while it runs; reduced: at most its quota. */
  readonly capacity: Capacity;
};

const TEMPERATURES: Readonly<Record<Temperature, Upkeep>> = {
  hot: { standing: 'running', capacity: 'full' },
  warm: { standing: 'running', capacity: 'reduced' },
  frozen: { standing: 'frozen', capacity: 'full' },
  cold: { standing: 'absent', capacity: 'full' },
};

/** For the active member and the target of a takeover. */
export const FULL: Upkeep = { standing: 'running', capacity: 'full' };

export function upkeepOf(temperature: Temperature): Upkeep {
  return TEMPERATURES[temperature];
}

export function standingOf(temperature: Temperature): Standing {
  return TEMPERATURES[temperature].standing;
}

/** Why a member is not running: it is cold, or not started yet. */
export function absenceOf(temperature: Temperature): 'cold' | 'notStarted' {
  return standingOf(temperature) === 'absent' ? 'cold' : 'notStarted';
}

/** One value for each temperature. */
export function eachTemperature<Value>(
  make: (temperature: Temperature) => Value,
): Readonly<Record<Temperature, Value>> {
  return { hot: make('hot'), warm: make('warm'), frozen: make('frozen'), cold: make('cold') };
}
