import { flag, integer, text, url } from '../key-definition.js';

/** Where the server listens, and under which address it is known. */
export const HTTP_KEYS = [
  text('host', { fallback: '127.0.0.1', description: 'Address to listen on; `0.0.0.0` for all.' }),
  integer('port', { fallback: 8182, max: 65_535, description: 'Port to listen on; 0 for any that is free.' }),
  url('base_uri', {
    otherwise: 'the scheme and host that the client has used',
    description: 'URI in front of `/iiif` in documents and links.',
  }),
  flag('trust_proxy', { fallback: false, description: 'Whether to believe `X-Forwarded-Host`, `-Proto` and `-For`.' }),
] as const;
