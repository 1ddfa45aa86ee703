import CachePolicy from 'http-cache-semantics';
import type { Answer } from './http-client.js';
import type { TestApp } from './test-app.js';

/** A request as a cache sees it; names of headers in lower case. */
export interface JudgedRequest {
  readonly url: string;
  readonly method?: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What http-cache-semantics thinks of an answer. */
export interface Judgement {
  readonly isStored: boolean;
  /** Seconds for which it may be used without asking. */
  readonly lifetime: number;
  /** Seconds for which it may be used at all, also while it is renewed, or while the origin fails. */
  readonly usable: number;
  readonly isReusedAtOnce: boolean;
  /** Whether it is used while it is renewed, a second past its lifetime. */
  readonly isReusedWhileRenewed: boolean;
  /** Whether it is used when the origin fails, a second past its lifetime. */
  readonly isReusedOnErrors: boolean;
}

/** Asks an application, as a cache would. */
export async function ask(
  app: TestApp,
  url: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
): Promise<{ readonly request: JudgedRequest; readonly answer: Answer }> {
  return { request: { url, method, headers }, answer: await app.request(method, url, headers) };
}

/**
 * What a cache knows of an answer: one that is shared, or a client's own. That something never changes is no word about
 * how long it is fresh (RFC 8246, section 2).
 */
export function policyOf(
  { request, answer }: { readonly request: JudgedRequest; readonly answer: Answer },
  { shared }: { readonly shared: boolean },
): CachePolicy {
  const response = { status: answer.status, headers: { ...answer.headers } };
  return new CachePolicy({ ...request }, response, { shared, immutableMinTimeToLive: 0 });
}

/** What a cache does with an answer. */
export function judge(
  asked: { readonly request: JudgedRequest; readonly answer: Answer },
  cache: { readonly shared: boolean },
): Judgement {
  const policy = policyOf(asked, cache);
  const lifetime = Math.floor(policy.maxAge());
  const over = after(policy, lifetime + 1);
  const reused = over.evaluateRequest({ ...asked.request });
  const { modified } = over.revalidatedPolicy({ ...asked.request }, { status: 503, headers: {} });
  return {
    isStored: policy.storable(),
    lifetime,
    usable: Math.round(policy.timeToLive() / 1000),
    isReusedAtOnce: policy.satisfiesWithoutRevalidation({ ...asked.request }),
    isReusedWhileRenewed: reused.response !== undefined && reused.revalidation?.synchronous === false,
    isReusedOnErrors: !modified,
  };
}

/** The same after so many seconds. */
export function after(policy: CachePolicy, seconds: number): CachePolicy {
  const { t, ...rest } = policy.toObject();
  return CachePolicy.fromObject({ ...rest, t: t - seconds * 1000 });
}
