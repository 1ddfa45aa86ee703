import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { AdminAuth } from '../admin-options.js';

/**
 * Compares what clients send with what is right, in a time that tells nothing of how much of it is right: digests of the
 * same length are compared, with a key that nobody knows, and always both.
 */
export class Credentials {
  readonly #key = randomBytes(32);
  readonly #username: Buffer;
  readonly #secret: Buffer;

  constructor({ username, secret }: AdminAuth) {
    this.#username = this.#digest(username);
    this.#secret = this.#digest(secret);
  }

  /** Whether the header `Authorization` is that of the operator: RFC 7617, section 2, or RFC 6750, section 2.1. */
  match(authorization: string): boolean {
    const [, scheme = '', value = ''] = /^(basic|bearer) +([\w.~+/=-]+)$/i.exec(authorization) ?? [];
    if (scheme.toLowerCase() === 'bearer') return timingSafeEqual(this.#digest(value), this.#secret);
    const [username, secret] = splitOnce(Buffer.from(value, 'base64').toString('utf8'));
    const isUser = timingSafeEqual(this.#digest(username), this.#username);
    const isSecret = timingSafeEqual(this.#digest(secret ?? ''), this.#secret);
    return isUser && isSecret;
  }

  #digest(text: string): Buffer {
    return createHmac('sha256', this.#key).update(text).digest();
  }
}

function splitOnce(pair: string): [string, string?] {
  const colon = pair.indexOf(':');
  return colon === -1 ? [pair] : [pair.slice(0, colon), pair.slice(colon + 1)];
}
