/** What responses of Express and replies of Fastify have in common. */
export interface ResponseLike {
  status(code: number): this;
  header(name: string, value: string): this;
  send(body: unknown): unknown;
}
