import { type EvictedCounts, type Kind, type ListedEntry, type PrefetchJob, type Usage } from 'nestjs-image-cache';
import type { CachedEntry } from './cache-management.js';
import type { QueuedJob } from './queue-management.js';

/** An entry as commands show it. */
export function shownEntry({ key, meta, lastAccess, hits }: ListedEntry): CachedEntry {
  const { identifier, operations, contentType, size, createdAt } = meta;
  return {
    identifier,
    kind: key.kind,
    ...(operations !== undefined && { operations }),
    key: `${key.kind}/${key.group}/${key.id}.${key.extension}`,
    contentType,
    size,
    createdAt: new Date(createdAt).toISOString(),
    lastAccess: new Date(lastAccess).toISOString(),
    ...(hits !== undefined && { hits }),
  };
}

/** A job as commands show it. */
export function shownJob({ queuedAt, notBefore, ...job }: PrefetchJob): QueuedJob {
  return {
    ...job,
    queuedAt: new Date(queuedAt).toISOString(),
    ...(notBefore !== undefined && { notBefore: new Date(notBefore).toISOString() }),
  };
}

/** What a cache holds, as an eviction of everything counts it. */
export function countUsage({ info, variant, source }: Readonly<Record<Kind, Usage>>): EvictedCounts {
  return {
    infos: info.entries,
    variants: variant.entries,
    sources: source.entries,
    bytes: info.bytes + variant.bytes + source.bytes,
  };
}
