import { VERBS, type QueueOrder, type TaskRequest } from '../tasks/verb.js';
import { Fields, wrong } from './fields.js';

/** Images that one request may name. */
const MOST_IMAGES = 10_000;

/** Variants that one request may name. */
const MOST_VARIANTS = 1000;

const QUEUING = ['identifiers', 'folder', 'variants', 'priority'] as const;

/** What a body asks for. */
export interface TaskOrder {
  readonly request: TaskRequest;
  readonly images: QueueOrder;
}

/**
 * The task that a body describes.
 *
 * @throws BadRequestException that names the field
 */
export function parseTask(body: unknown): TaskOrder {
  const fields = Fields.of(body, ['verb', 'identifier', 'dryRun', ...QUEUING], 'body');
  const verb = fields.requiredChoice('verb', VERBS);
  const dryRun = fields.flag('dryRun');
  if ((verb === 'PrefetchImages' || verb === 'QueueImages') && dryRun)
    throw wrong('dryRun', `there is none for ${verb}.`);
  if (verb === 'QueueImages') return { request: { verb, dryRun, ...folderOf(fields) }, images: queueOrder(fields) };
  for (const name of QUEUING) if (fields.has(name)) throw wrong(name, 'is for QueueImages alone.');
  if (verb === 'EvictItemFromCache')
    return { request: { verb, dryRun, identifier: fields.requiredText('identifier') }, images: {} };
  if (fields.has('identifier')) throw wrong('identifier', `${verb} is about all images.`);
  return { request: { verb, dryRun }, images: {} };
}

/**
 * How images are to be queued.
 *
 * @throws BadRequestException that names the field
 */
export function queueWishes(fields: Fields<'variants' | 'priority'>): Pick<QueueOrder, 'variants' | 'priority'> {
  const variants = fields.texts('variants', MOST_VARIANTS);
  const priority = fields.integer('priority', { min: -1000, max: 1000 });
  return { ...(variants && { variants }), ...(priority !== undefined && { priority }) };
}

type TaskFields = Fields<'verb' | 'identifier' | 'dryRun' | (typeof QUEUING)[number]>;

function folderOf(fields: TaskFields): Pick<TaskRequest, 'folder'> {
  const folder = fields.text('folder');
  return folder === undefined ? {} : { folder };
}

function queueOrder(fields: TaskFields): QueueOrder {
  if (fields.has('identifier')) throw wrong('identifier', 'QueueImages takes identifiers, a list.');
  if (fields.has('identifiers') === fields.has('folder'))
    throw wrong('identifiers', 'give either identifiers, a list, or folder.');
  const identifiers = fields.texts('identifiers', MOST_IMAGES);
  return { ...(identifiers && { identifiers }), ...queueWishes(fields) };
}
