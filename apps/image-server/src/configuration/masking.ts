import type { KeyDefinition } from './key-definition.js';

const MASK = '***';

/** A value as it may be shown: no secrets, and no passwords in URLs. */
export function displayed(definition: Pick<KeyDefinition, 'secret'>, value: unknown): string {
  if (definition.secret === true) return MASK;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // Up to the last @ before the path: passwords may contain one.
  return text.replaceAll(/([a-z][a-z0-9+.-]*:\/\/[^/\s:@"]*):[^/\s"]*@/gi, `$1:${MASK}@`);
}
