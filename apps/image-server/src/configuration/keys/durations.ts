/** Seconds. */
export const DAY = 86_400;

/** Thirty days, in seconds. */
export const MONTH = 2_592_000;
