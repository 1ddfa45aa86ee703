import { createHash, randomBytes } from 'node:crypto';
import { basename, dirname, join, relative } from 'node:path';
import type { EntryKey, Kind } from '../../../ports/entry.js';
import type { LeaseSubject } from '../../../ports/lease.js';

/** How entries are spread over directories. */
export interface Geometry {
  /** Levels of directories above an image's own one. */
  readonly depth: number;
  /** Characters of the identifier's hash that name one level. */
  readonly nameLength: number;
}

/** Ends the names of unfinished writes, and of all that nobody needs after a crash. */
export const TEMPORARY = '.tmp';

/** Files in the root that are being written, to be moved into their place. */
export const DRAFT = /^\.image-cache-[0-9a-z]+\.tmp$/;

/** Ends the names of leases. */
const LEASE = `.lease${TEMPORARY}`;

/** Begins the names of the leases of process numbers. */
const NUMBER = 'index-pid-';

/** Kinds of which an image has many entries, in a directory of its own. */
const MANY: readonly Kind[] = ['variant', 'source'];

/** Where everything is below the root. The only place where paths are put together. */
export class Layout {
  readonly root: string;
  readonly geometry: Geometry;
  readonly trash: string;
  readonly quarantine: string;
  /** Leases that are not of one entry. */
  readonly leases: string;
  readonly marker: string;
  /** What was evicted, for those who share the root. */
  readonly evictions: string;
  /** Where the verification of all entries goes on. */
  readonly scrubCursor: string;
  readonly #trees: Readonly<Record<Kind, string>>;

  constructor(root: string, geometry: Geometry) {
    this.root = root;
    this.geometry = geometry;
    this.#trees = { variant: join(root, 'image'), info: join(root, 'info'), source: join(root, 'source') };
    this.trash = join(root, 'trash');
    this.quarantine = join(root, 'quarantine');
    this.leases = join(root, 'leases');
    this.marker = join(root, 'image-cache.json');
    this.evictions = join(root, 'evictions.log');
    this.scrubCursor = join(root, 'scrub.json');
  }

  /** A path below the root, as it is written down. */
  relative(path: string): string {
    return relative(this.root, path);
  }

  /** The tree of a kind. */
  tree(kind: Kind): string {
    return this.#trees[kind];
  }

  /** The directories above a path that are in the tree of a kind, the nearest first. */
  above(path: string): string[] {
    const tree = Object.values(this.#trees).find((each) => path.startsWith(`${each}/`));
    const above: string[] = [];
    for (let each = dirname(path); tree !== undefined && each !== tree; each = dirname(each)) above.push(each);
    return above;
  }

  /** The file of an entry. */
  file(key: EntryKey): string {
    return MANY.includes(key.kind)
      ? `${this.#place(key.kind, key.group)}/${key.id}.${key.extension}`
      : `${this.#place(key.kind, key.group)}.${key.extension}`;
  }

  /** The directory that unfinished writes of an entry are made in; it goes away with the image. */
  writes(key: EntryKey): string {
    const place = this.#place(key.kind, key.group);
    return MANY.includes(key.kind) ? place : place + TEMPORARY;
  }

  /** The directory of an image's entries of a kind that it can have many of, relative to the tree of the kind. */
  directoryIn(kind: Exclude<Kind, 'info'>, group: string): string {
    return relative(this.tree(kind), this.#place(kind, group));
  }

  /** A new file in the root, to be moved into its place. */
  draft(): string {
    return join(this.root, `.image-cache-${uniqueName()}${TEMPORARY}`);
  }

  /** A new directory for one unfinished write; nobody else ever makes it. */
  write(key: EntryKey): string {
    return join(this.writes(key), this.#writePrefix(key) + uniqueName() + TEMPORARY);
  }

  /** Whether a name in `writes(key)` is an unfinished write of this very entry. */
  isWriteOf(key: EntryKey, name: string): boolean {
    return name.startsWith(this.#writePrefix(key)) && name.endsWith(TEMPORARY);
  }

  /** A new place for a damaged entry. */
  aside({ group, id, extension }: EntryKey): string {
    return `${this.quarantine}/${uniqueName()}-${group}-${id}.${extension}`;
  }

  /** Whether a name in the quarantine is that of an entry of this image. */
  isAsideOf(group: string, name: string): boolean {
    return name.includes(`-${group}-`);
  }

  /** A lease; that of an entry is among its unfinished writes, and goes where they go. */
  lease(subject: LeaseSubject | 'index'): string {
    if (typeof subject === 'string') return join(this.leases, subject + LEASE);
    return join(this.writes(subject), this.#writePrefix(subject) + subject.extension + LEASE);
  }

  /** A lease of the number that a process has in its container; each store has a place of its own for that. */
  numberLease(pid: number): string {
    return join(this.leases, `${numberPrefix(pid)}${uniqueName()}${LEASE}`);
  }

  /** Whether that is the name of a lease of this number, or of any. */
  isNumberLease(name: string, pid?: number): boolean {
    return name.startsWith(pid === undefined ? NUMBER : numberPrefix(pid)) && name.endsWith(LEASE);
  }

  /** A name of its own for a lease that is not to be seen as one yet. */
  draftOf(lease: string): string {
    return `${lease.slice(0, -LEASE.length)}.${uniqueName()}${TEMPORARY}`;
  }

  /** Where whoever takes a lease away says so; the lease with this content has a place of its own for that. */
  claimTo(lease: string, content: string): string {
    const name = createHash('sha256').update(content).digest('hex').slice(0, 16);
    return `${lease.slice(0, -LEASE.length)}.${name}${TEMPORARY}`;
  }

  /** All that belongs to an image. Unfinished infos come before the info: a commit in between is then found. */
  image(group: string): readonly { readonly path: string; readonly kind: Kind }[] {
    const info = this.#place('info', group);
    return [
      { path: info + TEMPORARY, kind: 'info' },
      { path: `${info}.json`, kind: 'info' },
      { path: this.#place('variant', group), kind: 'variant' },
      { path: this.#place('source', group), kind: 'source' },
    ];
  }

  /** The key of the entry whose file has this path, relative to the tree of its kind. */
  keyOf(kind: Kind, relative: string): EntryKey | undefined {
    return this.keysIn(kind, relative.slice(0, Math.max(0, relative.lastIndexOf('/'))))(basename(relative));
  }

  /** Tells the keys of entries by the names of their files in a directory, given relative to the tree of their kind. */
  keysIn(kind: Kind, directory: string): (name: string) => EntryKey | undefined {
    const isMany = MANY.includes(kind);
    const path = join(this.tree(kind), directory);
    const parent = basename(directory);
    const isPlace = isMany && this.#place(kind, parent) === path;
    return (name) => {
      const [stem = '', extension = '', ...rest] = name.split('.');
      if (extension === '' || rest.length > 0) return undefined;
      if (isMany) return isPlace ? { kind, group: parent, id: stem, extension } : undefined;
      return dirname(this.#place(kind, stem)) === path ? { kind, group: stem, id: 'info', extension } : undefined;
    };
  }

  /** How deep below the tree of a kind the files of entries are. */
  fileDepth(kind: Kind): number {
    return this.geometry.depth + (MANY.includes(kind) ? 1 : 0);
  }

  #writePrefix(key: EntryKey): string {
    return `${key.id}.`;
  }

  /** Each hit asks for it: `join` would take as long as reading a small file. */
  #place(kind: Kind, group: string): string {
    const { depth, nameLength } = this.geometry;
    let directory = this.tree(kind);
    for (let start = 0; start < depth * nameLength; start += nameLength)
      directory += `/${group.slice(start, start + nameLength)}`;
    return `${directory}/${group}`;
  }
}

/** A name that no process on any host makes twice; sorts by time. */
export function uniqueName(): string {
  return `${Date.now().toString(36).padStart(9, '0')}${randomBytes(10).toString('hex')}`;
}

/** When a unique name was made, milliseconds since the epoch; `undefined` for names of another kind. */
export function timeOf(name: string): number | undefined {
  const time = /^([0-9a-z]{9})[0-9a-f]{20}/.exec(name)?.[1];
  return time === undefined ? undefined : Number.parseInt(time, 36);
}

function numberPrefix(pid: number): string {
  return `${NUMBER}${pid}.`;
}
