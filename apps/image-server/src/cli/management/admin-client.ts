import { CliError } from '../cli-error.js';
import { bodyOf, messageIn } from './answer-body.js';

/** Where the admin API is, and who asks it. */
export interface AdminClientOptions {
  /** Address of the server, without `/admin`. */
  readonly url: string;
  readonly username: string | undefined;
  readonly secret: string | undefined;
  /** Milliseconds for one answer. */
  readonly timeout: number;
}

/** A request to the admin API. */
export interface AdminRequest {
  /** What is asked for: its segments, which are encoded here. */
  readonly path: readonly string[];
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** What can be sent without a name (RFC 6750, section 2.1). */
const TOKEN = /^[\w.~+/-]+=*$/;

interface Answer {
  readonly response: Response;
  readonly text: string;
}

/** Asks the admin API of a server. Whatever comes instead of its answer is an error of one line. */
export class AdminClient {
  readonly #options: AdminClientOptions;
  readonly #base: string;

  /** @throws CliError when the address or the user's name cannot be */
  constructor(options: AdminClientOptions) {
    this.#options = options;
    this.#base = addressOf(options.url);
    if (options.username?.includes(':') === true) {
      throw new CliError('--user: a name with a colon cannot be sent; the server takes none.');
    }
    const { username, secret } = options;
    if (username === undefined && secret !== undefined && !TOKEN.test(secret)) {
      throw new CliError('--user: is missing; a secret with such characters can only be sent with a name.');
    }
    if (username !== undefined && secret === undefined) {
      throw new CliError('--user: needs a secret; set IMAGE_SERVER_SECRET, or name a --secret-file.');
    }
  }

  /**
   * The answer, as it was read from JSON; `null` for one without a body.
   *
   * @throws CliError when there is no answer, or another one than is expected
   */
  async request(request: AdminRequest): Promise<unknown> {
    const answer = await this.#answer(request);
    return this.#accepted(answer);
  }

  /**
   * The answer about something that may not be there: `undefined` then.
   *
   * @throws CliError when there is no answer, or another one than is expected
   */
  async find(request: AdminRequest): Promise<unknown> {
    const answer = await this.#answer(request);
    // Of what is named, and not of the API.
    const isAbsent = answer.response.status === 404 && /^(identifier|id): /.test(messageIn(answer.text));
    return isAbsent ? undefined : this.#accepted(answer);
  }

  #accepted({ response, text }: Answer): unknown {
    if (!response.ok) throw this.#refusal(response, text);
    return response.status === 204 ? null : this.#parsed(text);
  }

  async #answer(request: AdminRequest): Promise<Answer> {
    const time = AbortSignal.timeout(this.#options.timeout);
    const signal = request.signal === undefined ? time : AbortSignal.any([time, request.signal]);
    try {
      const response = await fetch(this.#target(request), { ...this.#init(request), signal });
      return { response, text: await bodyOf(response) };
    } catch (error) {
      if (error instanceof CliError) throw error;
      request.signal?.throwIfAborted();
      if (time.aborted) {
        const seconds = this.#options.timeout / 1000;
        throw new CliError(`${this.#base}: did not answer within ${seconds} s; --timeout gives it longer.`);
      }
      throw new CliError(`${this.#base}: cannot be reached: ${reasonOf(error)}.`, { cause: error });
    }
  }

  #target({ path, query = {} }: AdminRequest): string {
    // Addresses have these taken out, and another thing would be asked for.
    const dots = path.find((segment) => /^\.{1,2}$/.test(segment));
    if (dots !== undefined) throw new CliError(`${dots}: cannot be named to a server; there is no such image.`);
    const url = new URL(`${this.#base}/${['admin', ...path].map(encodeURIComponent).join('/')}`);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    return url.href;
  }

  #init({ method = 'GET', body }: AdminRequest): RequestInit {
    const { username, secret } = this.#options;
    const headers = new Headers({ accept: 'application/json' });
    if (secret !== undefined) {
      const basic = username !== undefined && Buffer.from(`${username}:${secret}`).toString('base64');
      headers.set('authorization', basic === false ? `Bearer ${secret}` : `Basic ${basic}`);
    }
    if (body !== undefined) headers.set('content-type', 'application/json');
    // Credentials are for the server that was named, and for none that it names.
    return { method, headers, redirect: 'manual', ...(body !== undefined && { body: JSON.stringify(body) }) };
  }

  #refusal({ status, headers }: Response, text: string): CliError {
    const message = messageIn(text);
    const { username, secret } = this.#options;
    if (status === 401 && secret === undefined) {
      return new CliError(`${this.#base}: asks who you are; give --user, and set IMAGE_SERVER_SECRET.`);
    }
    if (status === 401) {
      const whose = username === undefined ? 'the secret' : `the name ${username} and the secret`;
      return new CliError(`${this.#base}: refuses ${whose} (401).`);
    }
    if (status >= 300 && status < 400) {
      const target = headers.get('location') ?? 'elsewhere';
      return new CliError(`${this.#base}: leads to ${target}; name the address of the server itself.`);
    }
    if (status === 404 && (message === '' || message.startsWith('Cannot '))) {
      return new CliError(`${this.#base}: has no admin API (404); endpoint.api.enabled switches it on.`);
    }
    const after = headers.get('retry-after');
    const hint = after === null ? '' : `; try again in ${after} s`;
    const said = after === null ? message : message.replace(/\.$/, '');
    return new CliError(`${this.#base}: answered ${status}${message === '' ? '' : `: ${said}`}${hint}`);
  }

  #parsed(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new CliError(`${this.#base}: answers, but not as an image server does; is it one?`, { cause });
    }
  }
}

function addressOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw new CliError(`--server: ${JSON.stringify(text)} is no address such as http://127.0.0.1:8182.`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new CliError(
      '--server: holds credentials, which others can read there; give --user and IMAGE_SERVER_SECRET.',
    );
  }
  if (url.search !== '' || url.hash !== '') throw new CliError('--server: an address has no query and no fragment.');
  return url.href.replace(/\/+$/, '');
}

/** What fetch says of a failure is in its cause. */
function reasonOf(error: unknown): string {
  const { cause = error } = error as { readonly cause?: unknown };
  const { message, code } = cause as { readonly message?: string; readonly code?: string };
  return (message !== undefined && message !== '' ? message : (code ?? String(error))).replace(/\.$/, '');
}
