import { NEVER_STORED } from 'nestjs-image-cache';
import { STATUS_CODES } from 'node:http';

/** What every answer carries: nothing is what its bytes look like. */
export const COMMON_HEADERS = { 'X-Content-Type-Options': 'nosniff' } as const;

/** What every answer carries but those for operators: images are for viewers on all sites. */
export const OPEN_HEADERS = { 'Access-Control-Allow-Origin': '*' } as const;

/** What an error carries, besides. */
export const ERROR_HEADERS = {
  ...COMMON_HEADERS,
  'Cache-Control': NEVER_STORED,
  'Content-Type': 'application/json; charset=utf-8',
} as const;

/** The document of an error. */
export interface Problem {
  readonly statusCode: number;
  /** One line. */
  readonly message: string;
}

/** A whole answer for a connection whose request could not be read. */
export function rawReply(problem: Problem): string {
  const body = JSON.stringify(problem);
  const headers = {
    ...OPEN_HEADERS,
    ...ERROR_HEADERS,
    'Content-Length': String(Buffer.byteLength(body)),
    Connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const status = `HTTP/1.1 ${problem.statusCode} ${STATUS_CODES[problem.statusCode] ?? ''}`;
  return [status, ...lines, '', body].join('\r\n');
}
