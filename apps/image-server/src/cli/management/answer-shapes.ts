import { CliError } from '../cli-error.js';

/**
 * An answer that has the fields that are read of it.
 *
 * @param fields their names, and what they are
 * @throws CliError when it has not
 */
export function shaped<T extends object>(
  answer: unknown,
  fields: Readonly<Partial<Record<keyof T & string, FieldShape>>>,
): T {
  const isShaped =
    typeof answer === 'object' &&
    answer !== null &&
    Object.entries<FieldShape | undefined>(fields).every(([name, shape]) =>
      hasShape((answer as Record<string, unknown>)[name], shape),
    );
  if (isShaped) return answer as T;
  throw new CliError('The server answers, but not as an image server does; is it another version?');
}

type FieldShape = 'string' | 'number' | 'boolean' | 'object' | 'array';

function hasShape(value: unknown, shape: FieldShape | undefined): boolean {
  if (shape === 'array') return Array.isArray(value);
  return typeof value === shape && value !== null;
}
