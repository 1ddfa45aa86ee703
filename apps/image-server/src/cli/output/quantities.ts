const UNITS = ['KB', 'MB', 'GB', 'TB', 'PB'] as const;

/** Bytes as one reads them; 1 KB is 1024 bytes, as in the configuration. */
export function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  let amount = bytes;
  let unit = -1;
  // 1023.95 KB would be shown as 1024.0 KB.
  while (amount >= 1023.95 && unit < UNITS.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  return `${amount.toFixed(1)} ${UNITS[unit] ?? ''}`;
}

/** A number with separators between the thousands. */
export function count(number: number): string {
  return number.toLocaleString('en-US');
}

/** A number of things, in the right form. */
export function things(number: number, one: string, several = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : several}`;
}

/** A time in UTC, to the second. */
export function time(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? iso : date.toISOString().slice(0, 19).replace('T', ' ');
}

/** Milliseconds as one reads them. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  return seconds < 120 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds / 60)} min`;
}
