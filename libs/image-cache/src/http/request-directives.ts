/** What a client asks of caches on the way (RFC 9111, section 5.2.1). */
export interface RequestDirectives {
  /** Milliseconds; an answer that is older has to be validated. 0 for `no-cache`. */
  readonly maxAge?: number;
  readonly noStore?: boolean;
  readonly onlyIfCached?: boolean;
}

/** Reads `Cache-Control` and, where that is missing, `Pragma` (RFC 9111, section 5.4) of a request. */
export function parseRequestDirectives(cacheControl: string | undefined, pragma?: string): RequestDirectives {
  const directives = listOf(cacheControl ?? pragma ?? '');
  const age = directives.has('no-cache') ? 0 : secondsOf(directives.get('max-age'));
  return {
    ...(age !== undefined && { maxAge: age * 1000 }),
    ...(directives.has('no-store') && { noStore: true }),
    ...(directives.has('only-if-cached') && { onlyIfCached: true }),
  };
}

function listOf(header: string): ReadonlyMap<string, string> {
  const directives = header.split(',').map((directive) => {
    const [name = '', value = ''] = directive.split('=', 2);
    return [name.trim().toLowerCase(), value.trim()] as const;
  });
  return new Map(directives);
}

/** A quoted number is one too; what is none is as if it were not there. */
function secondsOf(value: string | undefined): number | undefined {
  const digits = /^"?(\d+)"?$/.exec(value ?? '')?.[1];
  return digits === undefined ? undefined : Number(digits);
}
