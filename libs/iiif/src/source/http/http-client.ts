import type { Agent, Dispatcher } from 'undici';
import { unavailable } from '../source-root.js';
import type { AllowList } from './allow-list.js';
import { guardedAgent, refusal } from './guarded-agent.js';
import type { ResolvedHttpOptions } from './http-options.js';
import { field } from './response.js';

/** A request for an original. */
export interface Ask {
  readonly method: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Whether a redirect is an answer as any other. @default false: it is followed */
  readonly takesRedirects?: boolean;
}

type Response = Dispatcher.ResponseData;

/** Asks servers, and follows redirects as far as they lead to what is allowed. */
export class HttpClient {
  readonly #options: ResolvedHttpOptions;
  readonly #allowed: AllowList;
  readonly #agent: Agent;

  constructor(options: ResolvedHttpOptions, allowed: AllowList) {
    this.#options = options;
    this.#allowed = allowed;
    this.#agent = guardedAgent({ ...options, allowed });
  }

  /**
   * The answer of the server that has the original. Whoever gets it has to consume or destroy the body.
   *
   * @throws IiifError `E_IIIF_SOURCE_UNAVAILABLE`, with the reason for an operator as its cause
   */
  async ask(url: URL, { method, headers, signal, takesRedirects = false }: Ask): Promise<Response> {
    const deadline = AbortSignal.timeout(this.#options.timeout);
    const either = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
    // Bytes that were compressed on the way have another length, and another ETag.
    const asked = { method, headers: { ...headers, 'accept-encoding': 'identity' }, signal: either };
    let target = url;
    for (let redirects = 0; ; redirects += 1) {
      const response = await this.#request(target, asked);
      const location = isRedirect(response) ? field(response.headers, 'location') : undefined;
      if (location === undefined || takesRedirects) return response;
      await dump(response);
      if (redirects === this.#options.maxRedirects) throw unavailable('The source redirects too often.');
      target = this.#redirected(location, target);
    }
  }

  /** Closes the connections. */
  close(): Promise<void> {
    return this.#agent.close();
  }

  async #request(url: URL, asked: Omit<Dispatcher.RequestOptions, 'path' | 'origin'>): Promise<Response> {
    if (!this.#allowed.admitsLiteral(url)) {
      const literal = [{ address: url.hostname, family: 0 }];
      throw unavailable('The source image may not be fetched.', new Error(refusal(url.hostname, literal)));
    }
    try {
      return await this.#agent.request({ ...asked, origin: url.origin, path: url.pathname + url.search });
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
