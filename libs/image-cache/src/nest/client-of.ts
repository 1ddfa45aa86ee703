import { isIPv6 } from 'node:net';
import type { ImageCache } from '../service/image-cache.js';
import type { HttpExchange } from './http-exchange.js';

/** Who is asked for a client. */
export interface ClientPolicy {
  readonly cache: ImageCache;
  /** Asked only where clients are limited; `undefined` is nobody who is. @default the network that the request is from */
  readonly clientId?: (() => string | undefined | Promise<string | undefined>) | undefined;
}

/** Groups of an IPv6 address, and those that name a network. */
const GROUPS = 8;
const OF_NETWORK = 4;

/** Whose request it is, for a cache that limits clients. */
export async function clientOf(
  exchange: HttpExchange,
  { cache, clientId = () => networkOf(exchange.address) }: ClientPolicy,
): Promise<{ readonly client?: string }> {
  const client = cache.limitsClients ? await clientId() : undefined;
  return client === undefined ? {} : { client };
}

/**
 * What counts as one client: an IPv4 address, or the network of 64 bits of an IPv6 address, since whoever has one has all
 * of its addresses (RFC 4291, section 2.5.4).
 */
export function networkOf(address: string | undefined): string | undefined {
  if (address === undefined || !isIPv6(address)) return address;
  const [, mapped] = /^::ffff:([\d.]+)$/i.exec(address) ?? [];
  if (mapped !== undefined) return mapped;
  const [first = [], last] = address.replace(/%.*$/, '').split('::').map(groupsOf);
  const zeros = Array.from({ length: GROUPS - first.length - (last?.length ?? 0) }, () => '0');
  const groups = last === undefined ? first : [...first, ...zeros, ...last];
  const network = groups.slice(0, OF_NETWORK).map((group) => parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}

function groupsOf(part: string): string[] {
  return part.split(':').filter((group) => group !== '');
}
