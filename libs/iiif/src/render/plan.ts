import type { ImageInfo, PyramidLevel } from 'nestjs-image-cache';
import { inverse, mapDimensions, mapRectangle, uprighting, type Dihedral } from '../geometry/dihedral.js';
import { isFull, type Dimensions, type Operations, type Rectangle } from '../geometry/operations.js';
import { selectLevel } from './select-level.js';

/** How a picture is made from the file: in the axes of the file up to the scaling, turned upright and as asked after. */
export interface RenderPlan {
  readonly location: PyramidLevel['location'];
  /** What is cut out before scaling; the whole level when absent. */
  readonly before?: Rectangle;
  /** To what is scaled; absent when the pixels are taken as they are. */
  readonly scaled?: Dimensions;
  /** Mirroring on the vertical axis comes before the rotation. */
  readonly mirror: boolean;
  /** Degrees clockwise, 0 ≤ angle < 360; orientation included. */
  readonly angle: number;
  /** What is cut out of the result. */
  readonly after?: Rectangle;
}

/** JPEG and WebP decode at a fraction of their size, but only the image as a whole. */
const SHRINK_ON_LOAD: ReadonlySet<string> = new Set(['jpeg', 'webp']);
/** From this share of the image on, decoding the whole at a quarter of its size or less beats decoding the part. */
const WHOLE_FIRST_SHARE = 0.4;
const WHOLE_FIRST_REDUCTION = 4;

/** Plans how operations are carried out on an image at the least cost. */
export function planRender(operations: Operations, info: ImageInfo): RenderPlan {
  const upright = uprighting(info.orientation);
  const region = mapRectangle(inverse(upright), operations.region, info);
  const size = mapDimensions(upright, operations.size);
  const turn = combine(upright, operations);
  const selected = selectLevel({ pyramid: info.pyramid, region, size });
  const level = selected?.level ?? { ...mapDimensions(upright, info), location: { page: 0 } };
  const part = selected?.region ?? region;
  const scaled = part.width === size.width && part.height === size.height ? undefined : size;
  const plan = { location: level.location, ...turn, ...(scaled && { scaled }) };
  if (isFull(part, level)) return plan;
  if (SHRINK_ON_LOAD.has(info.format) && turn.angle % 90 === 0 && isWorthWhole(part, size, level)) {
    return { ...plan, ...wholeFirst({ part, size, level }, turn) };
  }
  return { ...plan, before: part };
}

/** Orientation, mirroring and rotation as one mirroring and one rotation, since only one of each can be done. */
function combine({ mirror, quarters }: Dihedral, { rotation }: Operations): { mirror: boolean; angle: number } {
  const turned = rotation.mirror ? 360 - quarters * 90 : quarters * 90;
  return { mirror: mirror !== rotation.mirror, angle: (turned + rotation.degrees) % 360 };
}

function isWorthWhole(part: Rectangle, size: Dimensions, level: Dimensions): boolean {
  const share = (part.width * part.height) / (level.width * level.height);
  const reduction = Math.min(part.width / size.width, part.height / size.height);
  return share >= WHOLE_FIRST_SHARE && reduction >= WHOLE_FIRST_REDUCTION;
}

function wholeFirst(
  { part, size, level }: { readonly part: Rectangle; readonly size: Dimensions; readonly level: Dimensions },
  turn: { readonly mirror: boolean; readonly angle: number },
): Pick<RenderPlan, 'scaled' | 'after'> {
  const scaleX = size.width / part.width;
  const scaleY = size.height / part.height;
  const scaled = {
    width: Math.max(size.width, Math.round(level.width * scaleX)),
    height: Math.max(size.height, Math.round(level.height * scaleY)),
  };
  const cut: Rectangle = {
    x: Math.min(Math.round(part.x * scaleX), scaled.width - size.width),
    y: Math.min(Math.round(part.y * scaleY), scaled.height - size.height),
    width: size.width,
    height: size.height,
  };
  // The decoder library cuts this out after it has mirrored and turned.
  return { scaled, after: mapRectangle({ mirror: turn.mirror, quarters: turn.angle / 90 }, cut, scaled) };
}
