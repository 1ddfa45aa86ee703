import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { manifestImages } from 'nestjs-iiif';
import { oneLine } from '../../one-line.js';
import { CliError } from '../cli-error.js';
import { bodyOf } from '../management/answer-body.js';

/** Milliseconds for a manifest to arrive. */
const TIMEOUT = 60_000;

/** What is said of a list in the help. */
export const LIST =
  'reads the names of images from this file, or from the input when it is -: one in a line, as it is but for blanks at ' +
  'its end; # begins no comment, since a name may begin so';

/** What programs on some systems write in front of a text. */
const MARK = '\ufeff';

/**
 * The images whose names stand in a file, one in a line. Blanks at the end of a line are no part of a name, and empty
 * lines are none; there are no comments, since a name may begin with any character.
 *
 * @param file `-` is the standard input
 * @throws CliError when it cannot be read, or names none
 */
export async function imagesOfList(file: string): Promise<readonly string[]> {
  const content = await contentOf('--from', file);
  const lines = content.slice(content.startsWith(MARK) ? 1 : 0).split('\n');
  const identifiers = [...new Set(lines.map((line) => line.trimEnd()))].filter((line) => line !== '');
  if (identifiers.length === 0) throw new CliError(`--from: ${file} names no image; write one in a line.`);
  return identifiers;
}

/**
 * The images that a manifest shows.
 *
 * @param place a file, or an address that anybody can read
 * @throws CliError when it cannot be read, or shows none
 */
export async function imagesOfManifest(
  place: string,
  { baseUri, signal }: { readonly baseUri: string | undefined; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const isAddress = /^https?:\/\//i.test(place);
  const content = isAddress ? await fetched(place, signal) : await contentOf('--manifest', place);
  try {
    return manifestImages(JSON.parse(content), baseUri === undefined ? {} : { baseUri });
  } catch (cause) {
    throw new CliError(`--manifest: ${place}: ${oneLine(cause)}`, { cause });
  }
}

async function contentOf(option: string, file: string): Promise<string> {
  if (file === '-') return text(process.stdin);
  return readFile(file, 'utf8').catch((cause: unknown) => {
    throw new CliError(`${option}: ${file} cannot be read: ${oneLine(cause)}.`, { cause });
  });
}

async function fetched(address: string, signal: AbortSignal): Promise<string> {
  try {
    const time = AbortSignal.timeout(TIMEOUT);
    const response = await fetch(address, {
      headers: { accept: 'application/ld+json, application/json' },
      signal: AbortSignal.any([time, signal]),
    });
    if (!response.ok) throw new CliError(`--manifest: ${address} answers ${response.status}.`);
    return await bodyOf(response, 'a manifest');
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    signal.throwIfAborted();
    throw new CliError(`--manifest: ${address} cannot be had: ${oneLine(cause)}.`, { cause });
  }
}
