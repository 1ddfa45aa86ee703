import { lookup as lookUp } from 'node:dns/promises';
import type { LookupAddress, LookupOptions } from 'node:dns';
import { Agent } from 'undici';
import type { AllowList } from './allow-list.js';

/** Tells the addresses of a host. */
export type ResolveHost = (hostname: string) => Promise<readonly LookupAddress[]>;

/** What {@link guardedAgent} depends on; times in milliseconds. */
export interface GuardedAgentOptions {
  readonly allowed: AllowList;
  readonly resolve?: ResolveHost | undefined;
  readonly connectTimeout: number;
  readonly headersTimeout: number;
  readonly bodyTimeout: number;
  /** Connections to one origin. */
  readonly connections: number;
}

type LookupCallback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

/**
 * Connections that are kept, and made to no address that is not allowed. The address that is checked is the one that is
 * connected to: a name that is looked up again for the connection could tell another one (DNS rebinding).
 */
export function guardedAgent({ allowed, resolve = system, connections, ...times }: GuardedAgentOptions): Agent {
  const { connectTimeout, headersTimeout, bodyTimeout } = times;
  const admitted = async (hostname: string): Promise<[LookupAddress, ...LookupAddress[]]> => {
    const addresses = await resolve(hostname);
    const [first, ...others] = addresses.filter(({ address }) => allowed.admits(hostname, address));
    if (first !== undefined) return [first, ...others];
    throw new Error(refusal(hostname, addresses));
  };
  const answer = async (hostname: string, all: boolean, done: LookupCallback): Promise<void> => {
    try {
      const addresses = await admitted(hostname);
      if (all) done(null, addresses);
      else done(null, addresses[0].address, addresses[0].family);
    } catch (error) {
      done(error as Error, []);
    }
  };
  const lookup = (hostname: string, { all = false }: LookupOptions, done: LookupCallback): void =>
    void answer(hostname, all, done);
  return new Agent({ connections, headersTimeout, bodyTimeout, connect: { timeout: connectTimeout, lookup } });
}

/** Why a host is not connected to, for an operator. */
export function refusal(hostname: string, addresses: readonly LookupAddress[]): string {
  const [{ address } = { address: 'nothing' }] = addresses;
  return `${hostname} is ${address}, no public address; to allow it, name the host or a CIDR in source.allow`;
}

function system(hostname: string): Promise<LookupAddress[]> {
  return lookUp(hostname, { all: true });
}
