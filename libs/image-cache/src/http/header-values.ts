import { validateHeaderValue } from 'node:http';

/**
 * Checks response headers before they are kept: one that cannot be sent would fail every hit.
 *
 * @param headers those without a value are left out
 * @throws TypeError that names the header
 */
export function requireSendable(headers: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) requireSendableValue(name, value);
  }
}

function requireSendableValue(name: string, value: string): void {
  try {
    validateHeaderValue(name, value);
  } catch (cause) {
    const remedy = "write other characters than those of Latin-1 as filename*=UTF-8''… (RFC 8187)";
    const message = `The handler set the header ${name} to ${JSON.stringify(value)}, which cannot be sent`;
    throw new TypeError(
      `${message}: ${name === 'content-disposition' ? remedy : 'it has characters that no header may have'}.`,
      { cause },
    );
  }
}
