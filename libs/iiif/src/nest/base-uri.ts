import type { HttpExchange } from 'nestjs-image-cache';
import { IiifError } from '../errors.js';
import type { ApiVersion } from '../request/image-request.js';
import type { IiifOptions } from './iiif-options.js';

/** A host name or address with an optional port; nothing that could become a path or markup. */
const HOST = /^(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;

/**
 * A base URI as headers can carry it, without a slash at its end.
 *
 * @throws IiifError `E_IIIF_BAD_OPTIONS` when it is none
 */
export function parseBaseUri(baseUri: string): string {
  const uri = URL.canParse(baseUri) ? new URL(baseUri) : undefined;
  if (uri === undefined || !['http:', 'https:'].includes(uri.protocol) || uri.search !== '' || uri.hash !== '') {
    const problem = `baseUri: ${JSON.stringify(baseUri)} is not an http or https URL without query and fragment.`;
    throw new IiifError('E_IIIF_BAD_OPTIONS', problem);
  }
  return uri.href.replace(/\/+$/, '');
}

/**
 * The base URI of an image: the one that the client has used, unless one is configured. Forwarded headers count only
 * when a proxy is trusted: anybody can send them. The answer says that it depends on them, for caches that they have come
 * through.
 *
 * @throws IiifError `E_IIIF_BAD_REQUEST` when the client's `Host` is none
 */
export function imageUri(
  exchange: HttpExchange,
  options: Pick<IiifOptions, 'baseUri' | 'trustProxy'>,
  image: { readonly version: ApiVersion; readonly identifier: string },
): string {
  const base = options.baseUri ?? origin(exchange, options.trustProxy === true);
  return `${base}/iiif/${image.version}/${encodeURIComponent(image.identifier)}`;
}

function origin(exchange: HttpExchange, trustProxy: boolean): string {
  if (trustProxy) exchange.addVary(['X-Forwarded-Host', 'X-Forwarded-Proto']);
  const forwarded = (name: string): string | undefined =>
    trustProxy ? exchange.header(`x-forwarded-${name}`)?.split(',', 1)[0]?.trim() : undefined;
  const host = forwarded('host') ?? exchange.header('host') ?? '';
  const scheme = forwarded('proto') ?? (exchange.isEncrypted ? 'https' : 'http');
  if (!HOST.test(host) || !['http', 'https'].includes(scheme)) {
    throw new IiifError('E_IIIF_BAD_REQUEST', 'The Host header does not name a host.');
  }
  return `${scheme}://${host}`;
}
