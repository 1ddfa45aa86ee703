/** Bytes of pictures that travel as one Buffer … */
export const SMALL = 15_000;
export const MIDDLE = 1_000_000;

/** … and of those that are streamed. */
export const LARGE = 20_000_000;
