import type { CacheEvent, CacheEventMap, ImageCache } from 'nestjs-image-cache';
import type { FakeClock } from 'nestjs-image-cache/testing';

/** A promise that is settled from outside. */
export interface Deferred<T = void> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: Error): void;
}

export function deferred<T = void>(): Deferred<T> {
  let settle: Pick<Deferred<T>, 'resolve' | 'reject'> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  promise.catch(() => undefined);
  return { promise, resolve: (value) => settle?.resolve(value), reject: (error) => settle?.reject(error) };
}

/** Milliseconds after which a condition that was waited for has failed. */
const PATIENCE = 60_000;

/** Milliseconds after which it is looked for now and then only: whoever is to make it come true needs the machine. */
const EAGER = 500;

/** Milliseconds. */
const PAUSE = 5;

/** The timer of the machine, also where a test has its own. */
const { setTimeout: later } = globalThis;

/** Waits until a condition holds, looking again in every turn of the event loop at first. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const started = performance.now();
  while (!(await condition())) {
    if (performance.now() > started + PATIENCE) throw new Error(`It never came true: ${condition.toString()}`);
    await nextLook(started);
  }
}

/** Waits until expectations hold, and fails of them when they never do. */
export async function eventually(expectations: () => Promise<void> | void): Promise<void> {
  const started = performance.now();
  for (;;) {
    try {
      await expectations();
      return;
    } catch (error) {
      if (performance.now() > started + PATIENCE) throw error;
    }
    await nextLook(started);
  }
}

function nextLook(started: number): Promise<void> {
  return new Promise((resolve) => {
    if (performance.now() < started + EAGER) setImmediate(resolve);
    else later(resolve, PAUSE);
  });
}

/** Lets time pass until something has come to its end: for what waits for an answer that does not come. */
export async function whilePassing<T>(clock: FakeClock, outcome: Promise<T>): Promise<T> {
  let settled = false;
  const end = (): void => void (settled = true);
  outcome.then(end, end);
  await until(async () => {
    if (!settled) await clock.advance(50);
    return settled;
  });
  return outcome;
}

/** Lets time pass as it does until something has come to its end: for what may have to look again after a while. */
export async function asTimePasses<T>(clock: FakeClock, outcome: Promise<T>): Promise<T> {
  let then = performance.now();
  const passing = setInterval(() => {
    const now = performance.now();
    void clock.advance(Math.round(now - then));
    then = now;
  }, 10);
  return outcome.finally(() => {
    clearInterval(passing);
  });
}

/** Collects what a cache tells of from now on. */
export function record<E extends CacheEvent>(cache: ImageCache, event: E): readonly CacheEventMap[E][] {
  const payloads: CacheEventMap[E][] = [];
  cache.on(event, (payload) => payloads.push(payload));
  return payloads;
}

/** Waits for the next event of a kind; call it before what causes the event. */
export function next<E extends CacheEvent>(cache: ImageCache, event: E): Promise<CacheEventMap[E]> {
  return new Promise((resolve) => {
    const stop = cache.on(event, (payload) => {
      stop();
      resolve(payload);
    });
  });
}
