import type { OutgoingHttpHeaders } from 'node:http';

/** What responses of Node and replies of Fastify have in common, as far as it is needed. */
interface Answer {
  getHeaders(): OutgoingHttpHeaders;
  removeHeader(name: string): unknown;
  readonly raw?: Answer;
}

/**
 * Takes away what opens an answer to pages of other sites (Fetch, section 3.3.3), whoever has set it: an application that
 * opens its pictures opens all of its routes, and browsers send credentials of the basic scheme along.
 */
export function keepToSameOrigin(answer: Answer): void {
  for (const name of Object.keys(answer.getHeaders()))
    if (name.startsWith('access-control-')) answer.removeHeader(name);
  if (answer.raw !== undefined) keepToSameOrigin(answer.raw);
}
