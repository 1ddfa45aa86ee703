import { ConfigurationError } from './configuration-error.js';
import type { KnownKey, Settings } from './known-keys.js';

/** A value without which the server cannot start. */
export interface MissingValue {
  readonly key: KnownKey;
  /** Why it is needed. */
  readonly reason: string;
}

/** Where the value of a key comes from. */
export type OriginOf = (key: KnownKey) => string | undefined;

/** @throws ConfigurationError when what is said about originals contradicts itself */
export function refuseSourceContradictions(settings: Settings, originOf: OriginOf): void {
  if (!settings['cache.server.source.enabled']) return;
  const enabled = `cache.server.source.enabled: is true (${originOf('cache.server.source.enabled')})`;
  if (settings['source.implementation'] === 'FilesystemSource') {
    throw new ConfigurationError(`${enabled}, but a FilesystemSource has its originals at hand; it is for HttpSource.`);
  }
}

/** What is not set about originals and has to be. */
export function missingForSources(settings: Settings): MissingValue[] {
  const missing: MissingValue[] = [];
  if (settings['source.implementation'] === 'HttpSource' && settings['source.HttpSource.url_prefix'] === undefined) {
    missing.push({ key: 'source.HttpSource.url_prefix', reason: 'HttpSource needs to know where the originals are' });
  }
  if (settings['cache.server.source.enabled'] && settings['cache.server.source.pathname'] === undefined) {
    missing.push({ key: 'cache.server.source.pathname', reason: 'originals need a directory for themselves' });
  }
  return missing;
}
