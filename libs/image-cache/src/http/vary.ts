/** What compression and CORS add by themselves; the body that is cached does not depend on it. */
const HARMLESS: readonly string[] = ['accept-encoding', 'origin'];

/**
 * Whether a response that varies by this depends on nothing but the request headers that are covered.
 *
 * @param vary value of `Vary`
 */
export function isCovered(vary: string, covered: readonly string[]): boolean {
  const known = new Set([...HARMLESS, ...covered.map((name) => name.toLowerCase())]);
  return namesIn(vary).every((name) => known.has(name.toLowerCase()));
}

/** The value of `Vary` with these names added, each once; `*` says it all. */
export function addToVary(vary: string | undefined, names: readonly string[]): string {
  const merged = new Map([...namesIn(vary ?? ''), ...names].map((name) => [name.toLowerCase(), name]));
  return merged.has('*') ? '*' : [...merged.values()].join(', ');
}

function namesIn(vary: string): readonly string[] {
  return vary
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
