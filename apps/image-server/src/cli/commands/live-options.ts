import { CliError } from '../cli-error.js';

type Value = string | number | boolean | Values;

interface Values {
  [name: string]: Value;
}

/** Options whose values are numbers; all others have units. */
const NUMBERS: readonly string[] = ['worker.rate.share', 'worker.rate.files'];

/**
 * Options as the admin API takes them, of `KEY=VALUE` with dots in the keys.
 *
 * @throws CliError when one is written otherwise, or given twice
 */
export function liveOptions(pairs: readonly string[]): object {
  const options: Values = {};
  for (const pair of pairs) {
    const [, key = '', value = ''] = /^([a-z]+(?:\.[a-z]+)*)=(.*)$/is.exec(pair) ?? [];
    if (key === '' || value === '')
      throw new CliError(`${JSON.stringify(pair)}: is not KEY=VALUE, such as ttl.variant=30d.`);
    set(options, key, valueOf(key, value));
  }
  return options;
}

function set(options: Values, key: string, value: Value): void {
  const path = key.split('.');
  const last = path.pop() ?? key;
  let place = options;
  for (const name of path) {
    const inner = Object.hasOwn(place, name) ? place[name] : (place[name] = {});
    if (typeof inner !== 'object') throw givenTwice(key);
    place = inner;
  }
  if (Object.hasOwn(place, last)) throw givenTwice(key);
  place[last] = value;
}

function valueOf(key: string, value: string): Value {
  if (value === 'true' || value === 'false') return value === 'true';
  return NUMBERS.includes(key) && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value;
}

function givenTwice(key: string): CliError {
  return new CliError(`${key}: is given twice, or together with what it is a part of.`);
}
