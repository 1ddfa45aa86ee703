import { fastifyStatic } from '@fastify/static';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The pages of the viewer. */
const PAGES = fileURLToPath(new URL('../../public', import.meta.url));

/** The zoomable viewer, as its package ships it. */
const OPENSEADRAGON = dirname(createRequire(import.meta.url).resolve('openseadragon'));

/** Only what comes from this server; scripts and styles only from files. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  // Asked again every time and answered with 304: a new version shows at once.
  'Cache-Control': 'no-cache',
} as const;

/** Serves the viewer at `/`. */
export async function serveViewer(app: NestFastifyApplication): Promise<void> {
  const shared = {
    // A route for each file that there is, so that nothing else is ever looked for.
    wildcard: false,
    cacheControl: false,
    dotfiles: 'deny',
    setHeaders: (reply: { headers(values: typeof HEADERS): unknown }) => {
      reply.headers(HEADERS);
    },
  } as const;
  await app.register(fastifyStatic, { ...shared, root: PAGES, prefix: '/' });
  await app.register(fastifyStatic, {
    ...shared,
    root: OPENSEADRAGON,
    prefix: '/openseadragon/',
    globIgnore: ['**/*.map'],
    decorateReply: false,
  });
}
