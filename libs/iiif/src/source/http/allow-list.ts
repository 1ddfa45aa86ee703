import ipaddr from 'ipaddr.js';
import { IiifError } from '../../errors.js';

type Address = ReturnType<typeof ipaddr.parse>;
type Range = ReturnType<typeof ipaddr.parseCIDR>;

/** What an operator allows beside public addresses and the prefix of the source. */
interface Allowed {
  /** Beginnings of addresses that may be fetched. */
  readonly prefixes: readonly string[];
  /** Hosts, with their port where one is named. */
  readonly hosts: readonly string[];
  /** Addresses that may be connected to, though they are not public. */
  readonly ranges: readonly Range[];
}

/**
 * Decides what may be fetched, and which machines may be connected to. Whoever can name an image, or answer with a redirect,
 * must not reach what only this host can reach: that is refused unless the operator has named it.
 */
export class AllowList {
  readonly #prefix: string;
  readonly #allowed: Allowed;

  /** @throws IiifError `E_IIIF_BAD_OPTIONS` when an entry is not understood */
  constructor(prefix: string, allow: readonly string[]) {
    this.#prefix = prefix;
    this.#allowed = {
      prefixes: allow.filter(isUrl).map(parsePrefix),
      hosts: allow.filter((entry) => !isUrl(entry) && rangeOf(entry) === undefined).map(parseHost),
      ranges: allow.map(rangeOf).filter((range) => range !== undefined),
    };
  }

  /** Whether an address may be fetched: the source's own, or one that is on the list. */
  permits(url: URL): boolean {
    if (!['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.password !== '') return false;
    if ([this.#prefix, ...this.#allowed.prefixes].some((prefix) => url.href.startsWith(prefix))) return true;
    const literal = literalOf(url.hostname);
    if (literal !== undefined && this.#isInRange(literal)) return true;
    return this.#allowed.hosts.some((host) => isHost(host, url));
  }

  /** Whether a host may be connected to at this address: any that is named, and others at public addresses. */
  admits(hostname: string, address: string): boolean {
    if (!ipaddr.isValid(address)) return false;
    const parsed = ipaddr.parse(address);
    // Everything that is not plainly public: loopback, private, link-local, CGNAT, multicast, mapped and translated ones …
    return parsed.range() === 'unicast' || this.#isInRange(parsed) || this.#isNamed(hostname);
  }

  /** An address that is its own host is connected to without being looked up. */
  admitsLiteral({ hostname }: URL): boolean {
    const literal = literalOf(hostname);
    return literal === undefined || this.admits(hostname, literal.toString());
  }

  #isNamed(hostname: string): boolean {
    const { hosts, prefixes } = this.#allowed;
    const names = [
      ...hosts.map((host) => host.replace(/:\d+$/, '')),
      ...prefixes.map((prefix) => new URL(prefix).hostname),
    ];
    return names.some((name) => isName(name, hostname));
  }

  #isInRange(address: Address): boolean {
    return this.#allowed.ranges.some(
      ([network, bits]) => network.kind() === address.kind() && address.match(network, bits),
    );
  }
}

function isUrl(entry: string): boolean {
  return entry.includes('://');
}

function parsePrefix(entry: string): string {
  const url = URL.canParse(entry) ? new URL(entry) : undefined;
  const isPrefix = url !== undefined && ['http:', 'https:'].includes(url.protocol) && url.href === entry;
  if (isPrefix && entry.endsWith('/') && url.username === '' && url.search === '' && url.hash === '') return entry;
  throw bad(entry, 'an http or https URL that ends in a slash, such as https://images.example.org/originals/');
}

const HOST = /^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*(:\d{1,5})?$/;

function parseHost(entry: string): string {
  const host = entry.toLowerCase();
  if (HOST.test(host)) return host;
  throw bad(entry, 'a host, an address, a CIDR such as 10.1.0.0/16, or a URL that ends in a slash');
}

function rangeOf(entry: string): Range | undefined {
  if (ipaddr.isValidCIDR(entry)) return ipaddr.parseCIDR(entry);
  if (!ipaddr.IPv6.isValid(entry) && !ipaddr.IPv4.isValidFourPartDecimal(entry)) return undefined;
  const address = ipaddr.parse(entry);
  return [address, address.kind() === 'ipv4' ? 32 : 128] as Range;
}

/** The address that the host of a URL is, if it is one; parsers of URLs write all forms of an address in one way. */
function literalOf(hostname: string): Address | undefined {
  const bare = hostname.replace(/^\[|\]$/g, '');
  return ipaddr.isValid(bare) ? ipaddr.parse(bare) : undefined;
}

function isHost(host: string, url: URL): boolean {
  const [name = '', port] = host.split(':', 2);
  if (!isName(name, url.hostname)) return false;
  return port === undefined ? url.port === '' : port === (url.port || { 'http:': '80', 'https:': '443' }[url.protocol]);
}

function isName(name: string, hostname: string): boolean {
  return name.startsWith('*.') ? hostname.endsWith(name.slice(1)) : hostname === name;
}

function bad(entry: string, expected: string): IiifError {
  return new IiifError('E_IIIF_BAD_OPTIONS', `source.allow: ${JSON.stringify(entry)} is not ${expected}.`);
}
