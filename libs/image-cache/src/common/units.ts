import { invalidOption, shown } from './options.js';

/** A duration with a unit, `'500ms'`, `'10s'`, `'5m'`, `'12h'`, `'30d'`; `'0'` where a feature may be off. */
export type Duration = string;

/** A size: a number of bytes, or a string such as `'128MB'`, `'1.5GiB'`, `'64K'`; all units are powers of 1024. */
export type Size = number | string;

const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const EXPONENTS: Readonly<Record<string, number>> = { '': 0, K: 1, M: 2, G: 3, T: 4, P: 5 };

/**
 * Parses a duration into milliseconds.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` naming `path`
 */
export function parseDuration(value: unknown, path: string): number {
  const [, amount, unit] = (typeof value === 'string' && /^(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h|d)$/.exec(value)) || [];
  const factor = unit === undefined ? undefined : MILLISECONDS[unit];
  if (value === '0') return 0;
  const milliseconds = factor === undefined ? Number.NaN : rounded(Number(amount) * factor);
  if (!Number.isSafeInteger(milliseconds))
    throw invalid(path, value, "a duration with a unit, such as '30s', '12h' or '30d'");
  return milliseconds;
}

/**
 * Parses a size into bytes. KB is KiB is 1024 bytes.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` naming `path`
 */
export function parseSize(value: unknown, path: string): number {
  const expected = "a whole number of bytes or a size such as '128MB' or '10GB'";
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value) && value >= 0) return value;
    throw invalid(path, value, expected);
  }
  const match =
    typeof value === 'string' ? /^(\d{1,15}(?:\.\d{1,6})?) ?(?:([KMGTP])(?:i?B)?|B)?$/i.exec(value.trim()) : null;
  const exponent = EXPONENTS[(match?.[2] ?? '').toUpperCase()] ?? Number.NaN;
  const bytes = match === null ? Number.NaN : rounded(Number(match[1]) * 1024 ** exponent);
  if (!Number.isSafeInteger(bytes)) throw invalid(path, value, expected);
  return bytes;
}

/** What is small does not become nothing: that means for ever, or off. */
function rounded(amount: number): number {
  return amount > 0 ? Math.max(1, Math.round(amount)) : amount;
}

function invalid(path: string, value: unknown, expected: string): Error {
  return invalidOption(path, `${shown(value)} is not ${expected}.`);
}
