/** A configuration that cannot be; the message is one line that names the key and where its value came from. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}
