import { AUTO, negotiateFormat, type NegotiableFormat } from '../http/accept.js';
import type { CacheVariantOptions } from './route-options.js';

/** The format that a request agrees on with a route; `undefined` where there is nothing to agree on. */
export function negotiatedFormat(
  accept: string | undefined,
  { format }: Pick<CacheVariantOptions, 'format'>,
): NegotiableFormat | undefined {
  return format && negotiateFormat(accept, format === 'auto' ? AUTO : format);
}
