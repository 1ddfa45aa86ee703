import { CliError } from '../cli-error.js';

/**
 * A whole number within bounds.
 *
 * @throws CliError that names the option
 */
export function wholeNumber(
  option: string,
  value: string,
  { min, max }: { readonly min: number; readonly max: number },
): number {
  const number = /^-?\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new CliError(`${option}: ${JSON.stringify(value)} is not a whole number from ${min} to ${max}.`);
}

/**
 * One of several words.
 *
 * @throws CliError that names the option
 */
export function oneOf<T extends string>(option: string, value: string, words: readonly T[]): T {
  const found = words.find((word) => word === value);
  if (found !== undefined) return found;
  throw new CliError(`${option}: there is no ${JSON.stringify(value)}; there are ${words.join(', ')}.`);
}

/**
 * The identifier that a command is about, as it was given.
 *
 * @throws CliError when it is empty
 */
export function identifierOf([identifier = '']: readonly string[]): string {
  if (identifier === '') throw new CliError('identifier: is empty; name an image.');
  return identifier;
}
