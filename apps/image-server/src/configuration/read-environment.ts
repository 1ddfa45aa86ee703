import { variableOf } from './key-definition.js';
import { KNOWN_KEYS } from './known-keys.js';
import type { Written } from './parse-value.js';

/** The variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment says: of the variables that keys have, those that are not empty. All others are not ours. */
export function readEnvironment(environment: Environment): Written[] {
  return KNOWN_KEYS.flatMap((definition) => {
    const origin = variableOf(definition);
    const value = environment[origin];
    return value === undefined || value === '' ? [] : [{ key: definition.key, value, origin }];
  });
}
