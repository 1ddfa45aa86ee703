import { BadRequestException } from '@nestjs/common';
import { shown } from '../../common/options.js';

/** Characters of a value that messages show. */
const SHOWN = 100;

/** Characters of an identifier or a cursor. */
const LONGEST = 4096;

/** The fields of a request: only those that there are, so that a misspelt `dryRun` deletes nothing. */
export class Fields<Name extends string> {
  readonly #values: ReadonlyMap<string, unknown>;

  private constructor(values: ReadonlyMap<string, unknown>) {
    this.#values = values;
  }

  /**
   * The fields of a query or a body.
   *
   * @param given what the framework has made of it; nothing where there is none
   * @throws BadRequestException when there is one that is not known
   */
  static of<Name extends string>(given: unknown, known: readonly Name[], where: 'query' | 'body'): Fields<Name> {
    if (given === undefined || given === null) return new Fields(new Map());
    if (typeof given !== 'object' || Array.isArray(given)) throw wrong(where, 'has to be a JSON object.');
    const values = new Map<string, unknown>(Object.entries(given));
    for (const name of values.keys()) {
      if (known.some((each) => each === name)) continue;
      throw wrong(excerpt(name), `there is no such field in the ${where}; there are ${known.join(', ') || 'none'}.`);
    }
    return new Fields(values);
  }

  /** Whether a field was given. */
  has(name: Name): boolean {
    return this.#values.get(name) !== undefined;
  }

  /** @throws BadRequestException when it is no text, empty or too long */
  text(name: Name): string | undefined {
    return this.#read(name, (value) => requireText(name, value));
  }

  /** @throws BadRequestException as `text`, and when it is missing */
  requiredText(name: Name): string {
    return this.text(name) ?? missing(name);
  }

  /** @throws BadRequestException when it is no list of texts, or has too many */
  texts(name: Name, most: number): readonly string[] | undefined {
    return this.#read(name, (value) => {
      if (!Array.isArray(value) || value.length === 0 || value.length > most)
        throw wrong(name, `has to be a list of 1 to ${most} texts.`);
      return value.map((each, index) => requireText(`${name}[${index}]`, each));
    });
  }

  /** @throws BadRequestException when it is none of them */
  choice<Choice extends string>(name: Name, choices: readonly Choice[]): Choice | undefined {
    return this.#read(name, (value) => {
      const found = choices.find((each) => each === value);
      if (found === undefined) throw wrong(name, `${excerpt(value)} is none of ${choices.join(', ')}.`);
      return found;
    });
  }

  /** @throws BadRequestException as `choice`, and when it is missing */
  requiredChoice<Choice extends string>(name: Name, choices: readonly Choice[]): Choice {
    return this.choice(name, choices) ?? missing(name, `; give one of ${choices.join(', ')}`);
  }

  /** @throws BadRequestException when it is no whole number within the bounds */
  integer(name: Name, { min, max }: { readonly min: number; readonly max: number }): number | undefined {
    return this.#read(name, (value) => {
      const number = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
      if (typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max) return number;
      throw wrong(name, `${excerpt(value)} is not a whole number from ${min} to ${max}.`);
    });
  }

  /** @throws BadRequestException when it is neither true nor false */
  flag(name: Name): boolean {
    const given = this.#read(name, (value) => {
      if (value === true || value === 'true') return true;
      if (value === false || value === 'false') return false;
      throw wrong(name, `${excerpt(value)} is neither true nor false.`);
    });
    return given ?? false;
  }

  #read<T>(name: Name, parse: (value: unknown) => T): T | undefined {
    const value = this.#values.get(name);
    return value === undefined ? undefined : parse(value);
  }
}

/**
 * For what takes no fields: what was meant to hold something back, such as `dryRun`, must not be passed over.
 *
 * @throws BadRequestException when there is one
 */
export function refuseFields({ query, body }: { readonly query: unknown; readonly body?: unknown }): void {
  Fields.of(query, [], 'query');
  Fields.of(body, [], 'body');
}

/**
 * An identifier as it came in the path.
 *
 * @throws BadRequestException when it is none
 */
export function parseIdentifier(value: unknown): string {
  return requireText('identifier', value);
}

function requireText(name: string, value: unknown): string {
  if (typeof value !== 'string') throw wrong(name, `${excerpt(value)} is no text.`);
  if (value === '') throw wrong(name, 'is empty.');
  if (value.length > LONGEST) throw wrong(name, `has more than ${LONGEST} characters.`);
  if (value.includes('\0')) throw wrong(name, 'contains a NUL.');
  return value;
}

function missing(name: string, hint = ''): never {
  throw wrong(name, `is missing${hint}.`);
}

/** The error for a field that cannot be. */
export function wrong(name: string, problem: string): BadRequestException {
  return new BadRequestException(`${name}: ${problem}`);
}

function excerpt(value: unknown): string {
  const text = shown(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
