// How long a year is, in every figure "a year": the mean of the Julian calendar.

export const DAYS_PER_YEAR = 365.25;
export const HOURS_PER_YEAR = DAYS_PER_YEAR * 24;
export const MINUTES_PER_YEAR = HOURS_PER_YEAR * 60;
export const MS_PER_YEAR = MINUTES_PER_YEAR * 60_000;
