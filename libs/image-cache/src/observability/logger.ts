import { isIP } from 'node:net';
import { isDeterministic, isError, messageOf } from '../common/errors.js';
import { printable } from '../common/printable.js';
import type { Clock } from '../ports/clock.js';
import type { CacheEvents, ChangedOptions, Management } from './events.js';

/** Where log lines go; `Logger` of @nestjs/common fits. */
export interface CacheLogger {
  /** Something is well again, or done. */
  log(message: string): void;
  /** Something went wrong and was dealt with. */
  warn(message: string): void;
  /** Something needs somebody to look at it. */
  error(message: string): void;
}

/** Milliseconds for which the same complaint is not repeated. */
const QUIET = 30_000;

/** Characters of what is called an address and is none. */
const LONGEST_ADDRESS = 100;

/** Complaints that are remembered at a time. */
const REMEMBERED = 500;

/** Writes a line for everything that goes wrong; not one per request when the same thing goes wrong again and again. */
export function logEvents(events: CacheEvents, output: CacheLogger, clock: Clock): void {
  const logger = linesOf(output);
  const said = new Map<string, number>();
  const complain = (topic: string, message: string): void => {
    const now = clock.now();
    if (now - (said.get(topic) ?? -QUIET) < QUIET) return;
    if (said.size >= REMEMBERED) said.clear();
    said.set(topic, now);
    logger.warn(message);
  };
  logStores(events, logger, { complain });
  logRefusals(events, { complain });
  events.on('not-stored', ({ identifier, reason, error }) => {
    if (error !== undefined)
      complain(`not-stored/${reason}`, `${identifier} was served, not stored: ${messageOf(error)}`);
  });
  events.on('source-unavailable', ({ identifier, error }) => {
    complain('source', `The source cannot tell about ${identifier}: ${explained(error)}`);
  });
  events.on('render-failed', ({ identifier, error }) => {
    if (!isDeterministic(error)) complain('render-failed', `${identifier} could not be rendered: ${messageOf(error)}`);
  });
  events.on('renew-failed', ({ identifier, error }) => {
    complain('renew-failed', `${identifier} is served past its time: ${messageOf(error)}`);
  });
  logNotices(events, logger, { complain });
  logUncacheable(events, logger);
  logPrefetching(events, logger, { complain });
  events.on('background-failed', ({ what, error }) => {
    complain(what, `${what} failed: ${messageOf(error)}`);
  });
  logManagement(events, logger, { complain });
  events.on('configured', ({ options }) => {
    logger.log(`Options changed: ${valuesText(options)}`);
  });
}

/** Identifiers are what clients ask for, and may be anything. */
function linesOf(output: CacheLogger): CacheLogger {
  return {
    log: (message) => {
      output.log(printable(message));
    },
    warn: (message) => {
      output.warn(printable(message));
    },
    error: (message) => {
      output.error(printable(message));
    },
  };
}

/** Where a message is for clients, only the cause tells an operator what to do. */
function explained(error: unknown): string {
  const cause = isError(error) && error.cause !== undefined ? ` (${messageOf(error.cause)})` : '';
  return messageOf(error) + cause;
}

function logPrefetching(events: CacheEvents, logger: CacheLogger, { complain }: Complaining): void {
  events.on('warm-failed', ({ identifier, error }) => {
    complain('warm-failed', `${identifier} could not be rendered beforehand: ${messageOf(error)}`);
  });
  events.on('prefetch-failed', ({ identifier, error, isGivenUp }) => {
    if (isGivenUp) logger.error(`${identifier} is not prefetched: ${messageOf(error)}`);
    else complain('prefetch-failed', `${identifier} is prefetched later: ${messageOf(error)}`);
  });
}

function logRefusals(events: CacheEvents, { complain }: Complaining): void {
  events.on('overloaded', ({ identifier, error }) => {
    complain('overloaded', `${identifier} was refused: ${messageOf(error)}`);
  });
  events.on('limited', ({ client = 'A client', error }) => {
    complain('limited', `${client} was refused: ${messageOf(error)}`);
  });
}

function logNotices(
  events: CacheEvents,
  logger: CacheLogger,
  { complain }: { readonly complain: (topic: string, message: string) => void },
): void {
  events.on('telling-failed', ({ notice, error, isGivenUp }) => {
    if (isGivenUp) logger.error(`${notice.identifier ?? notice.tag}: onEvict was not told: ${messageOf(error)}`);
    else complain('telling-failed', `onEvict is tried again: ${messageOf(error)}`);
  });
}

/** What clients send is quoted: it may be meant to look like lines of the log. */
function logManagement(events: CacheEvents, logger: CacheLogger, { complain }: Complaining): void {
  events.on('managed', ({ counts, options, isPartial, ...management }) => {
    const outcome = [counts && JSON.stringify(counts), options && valuesText(options), isPartial && 'ended early'];
    const told = outcome.filter((part) => typeof part === 'string').join(', ');
    const [who, what] = namesOf(management);
    logger.log(`${who} did ${what}${told === '' ? '' : `: ${told}`}`);
  });
  events.on('management-failed', ({ error, ...management }) => {
    const [who, what] = namesOf(management);
    logger.error(`${who} could not do ${what}: ${messageOf(error)}`);
  });
  events.on('management-refused', ({ client, reason }) => {
    const who = client === undefined ? 'A client' : addressText(client);
    complain(`management-refused/${reason}/${who}`, `${who} may not manage the cache: ${reason}`);
  });
}

function namesOf({ who = 'somebody', client, what, target, targets }: Management): readonly [string, string] {
  const from = client === undefined ? '' : ` (${addressText(client)})`;
  const about = target ?? targets;
  return [`${JSON.stringify(who)}${from}`, about === undefined ? what : `${what} ${JSON.stringify(about)}`];
}

/** Behind a proxy, an address is what the proxy says, and that may be what the client says. */
function addressText(client: string): string {
  return isIP(client) > 0 ? client : JSON.stringify(client.slice(0, LONGEST_ADDRESS));
}

function valuesText(options: ChangedOptions): string {
  return Object.entries(options)
    .map(([path, { from, to }]) => `${path} ${JSON.stringify(from)} → ${JSON.stringify(to)}`)
    .join(', ');
}

/** A route is made as it is: what it does is said once, not again every while. */
function logUncacheable(events: CacheEvents, logger: CacheLogger): void {
  const said = new Set<string>();
  events.on('uncacheable', ({ route, reason, message }) => {
    const topic = `${route}/${reason}`;
    if (said.has(topic)) return;
    if (said.size >= REMEMBERED) said.clear();
    said.add(topic);
    logger.warn(`${route} is not cached: ${message}`);
  });
}

interface Complaining {
  readonly complain: (topic: string, message: string) => void;
}

function logStores(events: CacheEvents, logger: CacheLogger, { complain }: Complaining): void {
  events.on('store-failed', ({ store, operation, error }) => {
    complain(`${store}/${operation}`, `${store} failed to ${operation}: ${messageOf(error)}`);
  });
  events.on('store-breaker', ({ store, path, open }) => {
    if (open) logger.error(`${store}: ${path} are left out until it works again.`);
    else logger.log(`${store}: ${path} work again.`);
  });
  events.on('incident', ({ store, incident }) => {
    complain(`${store}/${incident.kind}`, `${store}: ${incident.message}`);
  });
}
