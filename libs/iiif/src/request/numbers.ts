const INTEGER = /^[0-9]{1,10}$/;
// Ten decimal digits are what version 2.1, section 4, allows; both forms without a leading zero are in use.
const DECIMAL = /^(?:[0-9]{1,10}(?:\.[0-9]{1,10})?|\.[0-9]{1,10})$/;

/** Reads a whole number ≥ 0 of at most ten digits; `undefined` when it is anything else. */
export function parseInteger(text: string): number | undefined {
  return INTEGER.test(text) ? Number(text) : undefined;
}

/**
 * Reads a decimal number ≥ 0 with at most ten digits on either side of the point; `undefined` when it is anything else:
 * signs, exponents, blanks and other digits than `0` to `9` are refused (IIIF Image API 3.0, section 4.7).
 */
export function parseDecimal(text: string): number | undefined {
  return DECIMAL.test(text) ? Number(text) : undefined;
}

/** Writes a number as the API wants it: no exponent, no trailing zeros, a leading zero (section 4.7). */
export function formatDecimal(value: number): string {
  if (Number.isInteger(value)) return value.toFixed(0);
  return value.toFixed(10).replace(/0+$/, '').replace(/\.$/, '');
}

/** Reads `a,b` or `a,b,c,d`: exactly `count` numbers; `undefined` when one of them is not one. */
export function parseList(
  text: string,
  count: number,
  parse: (part: string) => number | undefined,
): number[] | undefined {
  const parts = text.split(',', count + 1);
  if (parts.length !== count) return undefined;
  const numbers: number[] = [];
  for (const part of parts) {
    const value = parse(part);
    if (value === undefined) return undefined;
    numbers.push(value);
  }
  return numbers;
}
