import type { VariantIdentity } from '../ports/entry.js';
import type { VariantWords } from './prefetch-options.js';

/** Names variants by what they are in the cache: `{extension}:{operations}`, the extension being `img` where there is none. */
export const operationWords: VariantWords & Required<Pick<VariantWords, 'check' | 'describe'>> = {
  check: (variant) => {
    if (split(variant) === undefined) throw new Error('it has not the form {extension}:{operations}.');
  },
  expand: (identifier, variant) => {
    const parts = split(variant);
    return parts && [{ identifier, ...parts }];
  },
  describe: ({ operations, extension = 'img' }) => `${extension}:${operations}`,
};

function split(variant: string): Pick<VariantIdentity, 'operations' | 'extension'> | undefined {
  const [, extension, operations] = /^([a-z0-9]{1,8}):(.+)$/s.exec(variant) ?? [];
  return operations === undefined ? undefined : { operations, ...(extension !== undefined && { extension }) };
}
