import { Injectable, type NestMiddleware } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Opens the images to viewers on other sites, errors included (IIIF Image API 3.0, section 7.2). */
@Injectable()
export class CorsMiddleware implements NestMiddleware {
  use(request: IncomingMessage, response: ServerResponse, next: () => void): void {
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Access-Control-Expose-Headers', 'Cache-Status, ETag, Link');
    response.setHeader('X-Content-Type-Options', 'nosniff');
    if (request.method !== 'OPTIONS') {
      next();
      return;
    }
    response.setHeader('Access-Control-Allow-Methods', 'GET, HEAD, OPTIONS');
    response.setHeader('Access-Control-Allow-Headers', '*');
    response.setHeader('Allow', 'GET, HEAD, OPTIONS');
    response.statusCode = 204;
    response.end();
  }
}
