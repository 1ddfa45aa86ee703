import type { ServerResponse } from 'node:http';

/** What replies of Express and Fastify have in common. */
export interface Reply {
  status(code: number): unknown;
  header(name: string, value: string): unknown;
  /** Of Fastify, what its reply is written to. */
  readonly raw?: ServerResponse;
}
