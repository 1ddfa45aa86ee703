import type { EvictionHook } from 'nestjs-image-cache';

/** Has Fastly drop what carries the tag as `Surrogate-Key`. */
export function purgeFastly({ service, token, api = 'https://api.fastly.com' }: FastlyAccess): EvictionHook {
  return async ({ tag }, { signal }) => {
    const headers = { 'Fastly-Key': token };
    await require2xx(fetch(`${api}/service/${service}/purge/${tag}`, { method: 'POST', headers, signal }));
  };
}

/** Has Cloudflare drop what carries the tag as `Cache-Tag`. */
export function purgeCloudflare({ zone, token, api = 'https://api.cloudflare.com' }: CloudflareAccess): EvictionHook {
  return async ({ tag }, { signal }) => {
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
    const body = JSON.stringify({ tags: [tag] });
    const url = `${api}/client/v4/zones/${zone}/purge_cache`;
    await require2xx(fetch(url, { method: 'POST', headers, body, signal }));
  };
}

/** What is rejected is tried again by the image cache. */
async function require2xx(request: Promise<Response>): Promise<void> {
  const { ok, status, url } = await request;
  if (!ok) throw new Error(`${new URL(url).host} answered ${status}.`);
}

interface FastlyAccess {
  readonly service: string;
  readonly token: string;
  readonly api?: string;
}

interface CloudflareAccess {
  readonly zone: string;
  readonly token: string;
  readonly api?: string;
}
