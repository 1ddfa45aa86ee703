import { All, Controller, NotFoundException } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';

/** Segments of an identifier that are told of; wildcards are written in another way for each router. */
const MOST = 8;

const PATHS = ['cache', 'queue'].flatMap((base) =>
  Array.from({ length: MOST - 1 }, (_, more) => {
    const segments = Array.from({ length: more + 1 }, (_, place) => `:segment${place}`);
    return [base, ':identifier', ...segments].join('/');
  }),
);

/** Says why there is nothing where an identifier is not percent-encoded. What it may have meant is not guessed. */
@ApiExcludeController()
@Controller()
export class UnencodedSlashController {
  @All(PATHS)
  refuse(): never {
    throw new NotFoundException('identifier: slashes in it are written %2F, as in maps%2Fparis.tif.');
  }
}
