/** What replies of Express and Fastify have in common. */
export interface Reply {
  status(code: number): unknown;
  header(name: string, value: string): unknown;
}
