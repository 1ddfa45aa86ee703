import { Inject, Injectable, type NestMiddleware } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ADMIN_HEADERS } from './admin-headers.js';
import { ADMIN_SETTINGS, type AdminSettings } from './admin-options.js';
import { keepToSameOrigin } from './auth/same-origin.js';

/** A redirect that keeps the method (RFC 9110, section 15.4.9). */
const PERMANENT_REDIRECT = 308;

/**
 * Leads from `/admin/` to `/admin`, where the router knows only the latter. The address is told relative to the one that
 * was asked for: a proxy may have it at another path, and no client is led to another host.
 */
@Injectable()
export class TrailingSlash implements NestMiddleware {
  readonly #isEnabled: boolean;

  constructor(@Inject(ADMIN_SETTINGS) { enabled }: AdminSettings) {
    this.#isEnabled = enabled;
  }

  use(request: IncomingMessage & { readonly originalUrl?: string }, response: ServerResponse, next: () => void): void {
    const [, segment, query = ''] = /^[^?]*\/([^/?]+)\/(\?.*)?$/.exec(request.originalUrl ?? request.url ?? '') ?? [];
    if (segment === undefined || !this.#isEnabled) {
      next();
      return;
    }
    keepToSameOrigin(response);
    const headers = { ...ADMIN_HEADERS, Location: `../${segment}${query}`, 'Content-Length': 0 };
    response.writeHead(PERMANENT_REDIRECT, headers).end();
  }
}
