import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { ExpressAdapter } from '@nestjs/platform-express';
import fc from 'fast-check';
import {
  createImageCache,
  HttpExchange,
  variantKey,
  type CacheVariantOptions,
  type ImageCache,
  type Operation,
} from 'nestjs-image-cache';
import { isDeepStrictEqual } from 'node:util';
import { routeVariant } from '../../../../libs/image-cache/src/nest/route-key.js';

class Museum {
  picture(): void {
    // asked for by its key only
  }

  detail(): void {
    // asked for by its key only
  }
}

class Archive {
  picture(): void {
    // asked for by its key only
  }
}

/** Texts that would run into each other if they were put side by side. */
const texts = fc.oneof(
  fc.constantFrom('', 'a', 'b', 'a/b', '"', ',', '","', '],[', 'null', '1', '__proto__', '\ud800', '\ufffd'),
  fc.string({ unit: fc.constantFrom('"', ',', '[', ']', '{', ':', '\\', '/', '%', 'a'), maxLength: 6 }),
);

const names = texts.filter((text) => text !== '');

/** What parsers of query strings make of an argument: a text, a list, or with `a[b]=c` an object. */
const queried = fc.oneof(
  texts,
  fc.constant(undefined),
  fc.array(texts, { maxLength: 3 }),
  fc.dictionary(texts, texts, { maxKeys: 1, noNullPrototype: true }),
);

const operations: fc.Arbitrary<Operation> = fc.oneof(
  texts,
  fc.array(fc.oneof(texts, fc.integer(), fc.boolean(), fc.constant(null)), { maxLength: 3 }),
  fc.dictionary(texts, fc.oneof(texts, fc.integer({ min: 0, max: 1 })), { maxKeys: 2, noNullPrototype: true }),
);

/** All that a key is made of. */
const requests = fc.record(
  {
    handler: fc.constantFrom<[Type, string]>([Museum, 'picture'], [Museum, 'detail'], [Archive, 'picture']),
    path: fc.constantFrom('/:id/:size', '/v2/:id/:size'),
    params: fc.record(
      { id: names, size: fc.oneof(texts, fc.array(texts, { maxLength: 2 })) },
      { noNullPrototype: true },
    ),
    arguments: fc.record({ width: queried, crop: queried }, { noNullPrototype: true }),
    hosts: fc.dictionary(fc.constant('tenant'), texts, { noNullPrototype: true }),
    version: texts,
  },
  { noNullPrototype: true },
);

type Asked = typeof requests extends fc.Arbitrary<infer T> ? T : never;

/** Two that often differ in one thing only. */
function pairsOf<T extends object>(all: fc.Arbitrary<T>): fc.Arbitrary<readonly [T, T]> {
  return fc.tuple(all, all, fc.nat(10)).map(([one, other, index]) => {
    const field = Object.keys(one)[index] as keyof T | undefined;
    return [one, field === undefined ? other : { ...one, [field]: other[field] }];
  });
}

describe('the key of a route', () => {
  let cache: ImageCache;

  beforeAll(async () => {
    cache = await createImageCache({ variant: false, heapInfo: false });
  });

  afterAll(() => cache.close());

  const keyOf = async (asked: Asked, options: CacheVariantOptions = {}, noise: object = {}): Promise<unknown> => {
    const [controller, method] = asked.handler;
    const handler = (controller.prototype as Record<string, () => void>)[method] ?? ((): void => undefined);
    const request = {
      params: asked.params,
      query: { ...noise, ...asked.arguments },
      hosts: asked.hosts,
      route: { path: asked.path },
      headers: {},
    };
    const context = new ExecutionContextHost([request, {}], controller, handler);
    const { signal } = new AbortController();
    const declared = { query: ['width', 'crop'], version: asked.version, ...options };
    const call = { cache, context, signal, options: declared };
    return variantKey((await routeVariant(new HttpExchange(new ExpressAdapter(), context), call)).identity);
  };

  it('is the same for the same request, and another one for any other', async () => {
    await fc.assert(
      fc.asyncProperty(pairsOf(requests), async ([one, other]) => {
        expect(isDeepStrictEqual(await keyOf(one), await keyOf(other))).toBe(isDeepStrictEqual(one, other));
      }),
      { numRuns: 500 },
    );
  });

  it('does not depend on the order of parameters and arguments, nor on arguments that are not declared', async () => {
    await fc.assert(
      fc.asyncProperty(requests, fc.dictionary(names, texts, { noNullPrototype: true }), async (asked, noise) => {
        const { params, arguments: args } = asked;
        const [turned, shuffled] = [params, args].map((each) => Object.fromEntries(Object.entries(each).reverse()));
        const again = { ...asked, params: turned, arguments: shuffled } as Asked;
        expect(await keyOf(again, { query: ['crop', 'width'] }, noise)).toEqual(await keyOf(asked));
      }),
    );
  });

  it('goes by declared operations instead of parameters and arguments, and by all the rest', async () => {
    const declared = fc.record({ asked: requests, operations }, { noNullPrototype: true });
    await fc.assert(
      fc.asyncProperty(pairsOf(declared), async ([one, other]) => {
        const key = (each: typeof one): Promise<unknown> =>
          keyOf(each.asked, { operations: each.operations as string, identifier: each.asked.params.id });
        const meant = ({ asked: { handler, path, hosts, version, params }, ...rest }: typeof one): unknown => ({
          rest,
          named: [handler, path, hosts, version, params.id],
        });
        expect(isDeepStrictEqual(await key(one), await key(other))).toBe(isDeepStrictEqual(meant(one), meant(other)));
        expect(await key(one)).not.toEqual(await keyOf(one.asked));
      }),
      { numRuns: 300 },
    );
  });
});
