/** The request headers by which browsers tell where a request comes from. */
export interface SiteHeaders {
  readonly site: string | undefined;
  readonly origin: string | undefined;
  readonly host: string | undefined;
}

/**
 * Whether a browser sends the request for the page of another site: `Sec-Fetch-Site` (Fetch Metadata Request Headers,
 * section 2.3), which pages cannot forge, else `Origin` beside `Host`. Browsers send credentials of the basic scheme
 * along with requests that other sites make. What is no browser sends neither.
 */
export function isForeignSite({ site, origin, host }: SiteHeaders): boolean {
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  if (origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).host !== host?.toLowerCase();
}
