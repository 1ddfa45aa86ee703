import type { Agent, Dispatcher } from 'undici';
import { unavailable } from '../source-root.js';
import type { AllowList } from './allow-list.js';
import { guardedAgent, refusal } from './guarded-agent.js';
import type { ResolvedHttpOptions } from './http-options.js';
import { limited } from './limited-signal.js';
import { field } from './response.js';

/** A request for an original. */
export interface Ask {
  readonly method: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Whether only the beginning of the answer counts; it waits for no body of others. @default for HEAD */
  readonly isLookup?: boolean;
  /** Whether a redirect is an answer as any other. @default false: it is followed */
  readonly takesRedirects?: boolean;
}

type Response = Dispatcher.ResponseData;

/** Asks servers, and follows redirects as far as they lead to what is allowed. */
export class HttpClient {
  readonly #options: ResolvedHttpOptions;
  readonly #allowed: AllowList;
  readonly #bodies: Agent;
  /** Bodies may take all their connections for minutes, in which originals have to be looked up all the same. */
  readonly #lookups: Agent;

  constructor(options: ResolvedHttpOptions, allowed: AllowList) {
    this.#options = options;
    this.#allowed = allowed;
    this.#bodies = guardedAgent({ ...options, allowed });
    this.#lookups = guardedAgent({ ...options, allowed });
  }

  /**
   * The answer of the server that has the original. Whoever gets it has to consume or destroy the body.
   *
   * @throws IiifError `E_IIIF_SOURCE_UNAVAILABLE`, with the reason for an operator as its cause
   */
  async ask(url: URL, request: Ask): Promise<Response> {
    const limit = limited(request.signal, this.#options.timeout);
    try {
      const response = await this.#follow(url, { ...request, signal: limit.signal });
      response.body.once('close', limit.release);
      return response;
    } catch (error) {
      limit.release();
      throw error;
    }
  }

  /** Closes the connections. */
  async close(): Promise<void> {
    await Promise.all([this.#bodies.close(), this.#lookups.close()]);
  }

  async #follow(url: URL, request: Ask): Promise<Response> {
    let target = url;
    for (let redirects = 0; ; redirects += 1) {
      const response = await this.#request(target, request);
      const location = isRedirect(response) ? field(response.headers, 'location') : undefined;
      if (location === undefined || request.takesRedirects === true) return response;
      await dump(response);
      if (redirects === this.#options.maxRedirects) throw unavailable('The source redirects too often.');
      target = this.#redirected(location, target);
    }
  }

  async #request(url: URL, { method, headers, signal, isLookup = method === 'HEAD' }: Ask): Promise<Response> {
    if (!this.#allowed.admitsLiteral(url)) {
      const literal = [{ address: url.hostname, family: 0 }];
      throw unavailable('The source image may not be fetched.', new Error(refusal(url.hostname, literal)));
    }
    // Bytes that were compressed on the way have another length, and another ETag.
    const asked = { method, headers: { ...headers, 'accept-encoding': 'identity' }, signal };
    const agent = isLookup ? this.#lookups : this.#bodies;
    try {
      return await agent.request({ ...asked, origin: url.origin, path: url.pathname + url.search });
    } catch (error) {
      throw unavailable('The source did not answer.', error);
    }
  }

  #redirected(location: string, from: URL): URL {
    const target = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
    if (target !== undefined && this.#allowed.permits(target)) return target;
    const shown = target?.origin ?? location;
    const reason = `a redirect leads to ${shown}; to allow it, name the host or the beginning of the URL in source.allow`;
    throw unavailable('The source redirects to where it may not.', new Error(reason));
  }
}

/** Reads what is left of an answer that nobody needs, so that its connection can be used again; not much of it. */
export async function dump({ body }: Response): Promise<void> {
  await body.dump({ limit: 16_384 }).catch(() => undefined);
}

function isRedirect({ statusCode }: Response): boolean {
  return [301, 302, 303, 307, 308].includes(statusCode);
}
