import { KeyvPostgres } from '@keyv/postgres';
import { Keyv } from 'keyv';
import pg from 'pg';

/** When a connection breaks that nobody is using, the adapter's pool throws; nobody catches that, and the process ends. */
class QuietClient extends pg.Client {
  override emit(event: string, ...args: unknown[]): boolean {
    try {
      return super.emit(event, ...args);
    } catch (error) {
      if (event === 'error') return false;
      throw error;
    }
  }
}

/** A cache in a table of PostgreSQL, for `cacheManagerStore`; a server may take so many milliseconds for an answer. */
export function postgresCache(uri: string, timeout = 5000): Keyv {
  // A server that does not answer would keep the connections, and with them the process, for ever.
  const limits = { connectionTimeoutMillis: timeout, query_timeout: timeout };
  return new Keyv({ store: new KeyvPostgres({ uri, Client: QuietClient, ...limits }), throwOnErrors: true });
}
