import { afterEach, describe, expect, it } from '@jest/globals';
import type { Type } from '@nestjs/common';
import {
  Args,
  Field,
  GraphQLModule,
  ID,
  Int,
  Mutation,
  ObjectType,
  Parent,
  Query,
  ResolveField,
  Resolver,
  Subscription,
} from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { BINDINGS, type Binding } from '../support/interceptor-bindings.js';
import { usingApps, type TestApp } from '../support/test-app.js';

@ObjectType()
class Painting {
  @Field(() => ID)
  readonly id: string;

  @Field()
  readonly title: string;

  constructor(id: string) {
    this.id = id;
    this.title = `Painting ${id}`;
  }
}

function resolverOf(decorate: ClassDecorator, calls: string[]): Type {
  @Resolver(() => Painting)
  @decorate
  class Paintings {
    @Query(() => Painting)
    painting(@Args('id') id: string): Painting {
      calls.push(`painting ${id}`);
      return new Painting(id);
    }

    @Query(() => Painting)
    stolen(): Promise<Painting> {
      return Promise.reject(new Error('It has been stolen'));
    }

    @ResolveField(() => Int)
    width(@Parent() { id }: Painting): number {
      calls.push(`width ${id}`);
      return id.length * 100;
    }

    @Mutation(() => Boolean)
    sell(@Args('id') id: string): boolean {
      calls.push(`sell ${id}`);
      return true;
    }

    @Subscription(() => Int)
    async *bids(): AsyncGenerator<{ bids: number }> {
      calls.push('bids');
      for (const bids of [10, 20, 20, 50]) yield await Promise.resolve({ bids });
    }
  }
  return Paintings;
}

const GRAPHQL = GraphQLModule.forRoot<MercuriusDriverConfig>({
  driver: MercuriusDriver,
  autoSchemaFile: true,
  subscription: true,
  // Field resolvers have interceptors only when they are asked for.
  fieldResolverEnhancers: ['guards', 'interceptors'],
});

describe.each(BINDINGS)('GraphQL with the interceptors $how', (binding) => {
  const start = usingApps('fastify');
  const calls: string[] = [];
  const sockets: WebSocket[] = [];

  afterEach(() => {
    calls.length = 0;
    for (const socket of sockets.splice(0)) socket.terminate();
  });

  async function serve({ decorate, providers = [], configure }: Binding): Promise<TestApp> {
    return start({
      imports: [GRAPHQL],
      providers: [...providers, resolverOf(decorate, calls)],
      ...(configure && { configure }),
    });
  }

  async function ask({ port }: TestApp, query: string): Promise<unknown> {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`http://127.0.0.1:${port}/graphql`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ query }),
    });
    return { ...((await answer.json()) as object), cached: answer.headers.get('cache-status') };
  }

  it('answers every query and mutation by its resolvers', async () => {
    const app = await serve(binding);
    const unused = app.cache.stats();
    const query = '{ one: painting(id: "a") { id title width } other: painting(id: "bb") { width } }';
    const data = { one: { id: 'a', title: 'Painting a', width: 100 }, other: { width: 200 } };
    for (let time = 1; time <= 2; time += 1) {
      expect(await ask(app, query)).toEqual({ data, cached: null });
      expect(calls.splice(0).sort()).toEqual(['painting a', 'painting bb', 'width a', 'width bb']);
    }
    expect(await ask(app, 'mutation { sell(id: "a") }')).toEqual({ data: { sell: true }, cached: null });
    expect(calls).toEqual(['sell a']);
    expect(app.cache.stats()).toEqual(unused);
  });

  it('answers with the errors of its resolvers', async () => {
    const app = await serve(binding);
    expect(await ask(app, '{ stolen { id } }')).toMatchObject({
      data: null,
      errors: [{ message: 'It has been stolen', path: ['stolen'] }],
      cached: null,
    });
  });

  it('gives subscribers all values as they come', async () => {
    const app = await serve(binding);
    const unused = app.cache.stats();
    for (let time = 1; time <= 2; time += 1) {
      expect(await subscribe(app, 'subscription { bids }')).toEqual([10, 20, 20, 50].map((bids) => ({ bids })));
    }
    expect(calls).toEqual(['bids', 'bids']);
    expect(app.cache.stats()).toEqual(unused);
  });

  /** Everything that a subscription gives until it is complete. */
  async function subscribe({ port }: TestApp, query: string): Promise<readonly unknown[]> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws');
    sockets.push(socket);
    await once(socket, 'open');
    const given: unknown[] = [];
    return new Promise((resolve) => {
      socket.on('message', (message: Buffer) => {
        const { type, payload } = JSON.parse(message.toString()) as { type: string; payload?: { data?: unknown } };
        if (type === 'connection_ack') socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }));
        if (type === 'next') given.push(payload?.data ?? payload);
        if (type === 'error') given.push(payload);
        if (type === 'complete' || type === 'error') resolve(given);
      });
      socket.send(JSON.stringify({ type: 'connection_init' }));
    });
  }
});
