import { CliError } from '../cli-error.js';

/** Most bytes of an answer; a page of 1000 entries with long names has less. */
const MOST = 32 * 1024 * 1024;

/** Characters of a message that is not ours. */
const LONGEST_MESSAGE = 300;

/**
 * The body of an answer as a text.
 *
 * @param whose what ought to have answered
 * @throws CliError when it is longer than any that such a thing gives
 */
export async function bodyOf({ body, url }: Response, whose = 'an image server'): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > MOST)
      throw new CliError(`${new URL(url).origin}: the answer is longer than ${MOST} bytes; is it ${whose}?`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** What a refusal says, when it says it as an image server does. */
export function messageIn(text: string): string {
  try {
    const { message } = JSON.parse(text) as { readonly message?: unknown };
    const said = Array.isArray(message) ? message.join('; ') : message;
    return typeof said === 'string' ? said.slice(0, LONGEST_MESSAGE) : '';
  } catch {
    return '';
  }
}
