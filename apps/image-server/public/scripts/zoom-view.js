import { imageUri } from './api.js';
import { byId, wantsStillness } from './dom.js';

/** @typedef {import('./recorder.js').Recorder} Recorder */
/** @typedef {typeof import('openseadragon')} OpenSeadragonLibrary */

const OpenSeadragon = /** @type {{ OpenSeadragon: OpenSeadragonLibrary }} */ (/** @type {unknown} */ (window))
  .OpenSeadragon;

/** How much one press of a button zooms. */
const STEP = 1.6;

/** @typedef {'zoom-in' | 'zoom-out' | 'whole' | 'rotate'} Action */

/** What keys do; by what is written on them, wherever they are on the keyboard. @type {Record<string, Action>} */
export const ACTIONS_OF_KEYS = {
  '+': 'zoom-in',
  '=': 'zoom-in',
  '-': 'zoom-out',
  0: 'whole',
  r: 'rotate',
};

/** A zoomable view of an image. */
export class ZoomView {
  #identifier;
  #viewer;

  /**
   * @param {{
   *   identifier: string, service: object, isTransparent: boolean, recorder: Recorder, region: string | null,
   * }} options
   */
  constructor({ identifier, service, isTransparent, recorder, region }) {
    this.#identifier = identifier;
    keepFromStyling();
    this.#viewer = OpenSeadragon(viewerOptions(tileSource(identifier, service, recorder), isTransparent));
    this.#viewer.addHandler('canvas-key', (event) => {
      const { key } = /** @type {KeyboardEvent} */ (event.originalEvent);
      // These are ours; the arrows are left.
      event.preventDefaultAction = ACTIONS_OF_KEYS[key] !== undefined;
    });
    this.#viewer.addOnceHandler('open', () => {
      if (region !== null) this.#show(region);
      this.#viewer.canvas.focus();
      // From now on: what is shown at first is the link that one came by.
      this.#viewer.addHandler('animation-finish', () => {
        this.#remember();
      });
    });
    this.#viewer.canvas.setAttribute('aria-label', 'Image; zoom with plus and minus, move with the arrow keys');
    this.#viewer.canvas.setAttribute('role', 'application');
  }

  /** @param {Action} action */
  do(action) {
    const { viewport } = this.#viewer;
    if (action === 'zoom-in') viewport.zoomBy(STEP);
    if (action === 'zoom-out') viewport.zoomBy(1 / STEP);
    if (action === 'whole') viewport.goHome();
    if (action === 'rotate') viewport.setRotation(viewport.getRotation() + 90);
    viewport.applyConstraints();
  }

  close() {
    this.#viewer.destroy();
    byId('canvas').replaceChildren();
  }

  /** @param {string} region */
  #show(region) {
    const [x, y, width, height] = region.split(',').map(Number);
    if (![x, y, width, height].every((value) => Number.isFinite(value))) return;
    const bounds = this.#image().imageToViewportRectangle(Number(x), Number(y), Number(width), Number(height));
    this.#viewer.viewport.fitBounds(bounds, true);
  }

  /** Writes what is shown into the address, so that it can be passed on. */
  #remember() {
    const address = `#/${encodeURIComponent(this.#identifier)}`;
    // Who has just left must not be called back by a movement that ends.
    if (location.hash.split('?', 1)[0] !== address) return;
    const bounds = this.#image().viewportToImageRectangle(this.#viewer.viewport.getBounds(true));
    const region = [bounds.x, bounds.y, bounds.width, bounds.height].map(Math.round).join(',');
    history.replaceState(null, '', `${address}?region=${region}`);
  }

  #image() {
    return this.#viewer.world.getItemAt(0);
  }
}

/**
 * OpenSeadragon adds a style sheet to the page unless it finds it there, and the page allows none but its own. What it
 * finds looks like that sheet and is nothing; the rule itself is among our own.
 */
function keepFromStyling() {
  const name = 'data-openseadragon-mobile-css';
  if (document.querySelector(`style[${name}]`) !== null) return;
  const nothing = document.createElementNS('urn:nothing', 'style');
  nothing.setAttribute(name, 'true');
  document.head.append(nothing);
}

/**
 * @param {object} source
 * @param {boolean} isTransparent
 */
function viewerOptions(source, isTransparent) {
  const isStill = wantsStillness();
  return {
    element: byId('canvas'),
    tileSources: /** @type {never} */ (source),
    drawer: drawerFor(isTransparent),
    showNavigationControl: false,
    animationTime: isStill ? 0 : 0.9,
    blendTime: isStill ? 0 : 0.15,
    springStiffness: 7,
    visibilityRatio: 0.5,
    minZoomImageRatio: 0.8,
    maxZoomPixelRatio: 2,
    gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
    imageLoaderLimit: 6,
  };
}

/**
 * WebGL places tiles more exactly, but adds up the colours of what is transparent, and is slow where the processor has
 * to do what a graphics card would.
 *
 * @param {boolean} isTransparent
 * @returns {'canvas' | 'webgl'}
 */
function drawerFor(isTransparent) {
  return isTransparent || !hasGraphicsCard() ? 'canvas' : 'webgl';
}

function hasGraphicsCard() {
  const context = document.createElement('canvas').getContext('webgl', { failIfMajorPerformanceCaveat: true });
  if (context === null) return false;
  // Not every browser admits the caveat.
  const { UNMASKED_RENDERER_WEBGL: name } = context.getExtension('WEBGL_debug_renderer_info') ?? {};
  const renderer = String(context.getParameter(name ?? context.RENDERER));
  return !/swiftshader|llvmpipe|softpipe|basic render/i.test(renderer);
}

/**
 * What OpenSeadragon hands over to have a tile fetched.
 *
 * @typedef {{
 *   src: string,
 *   userData: { controller?: AbortController },
 *   finish(data: Blob, request: null, type: 'rasterBlob'): void,
 *   fail(reason: string, request: null): void,
 * }} TileJob
 */

/**
 * The image as OpenSeadragon asks for it, through the recorder.
 *
 * @param {string} identifier
 * @param {object} service
 * @param {Recorder} recorder
 */
function tileSource(identifier, service, recorder) {
  return {
    ...service,
    // The document names the server as others see it; the page may only ask where it comes from.
    id: imageUri(identifier),
    /** @param {TileJob} job */
    downloadTileStart(job) {
      const { signal } = (job.userData.controller = new AbortController());
      recorder.fetch(job.src, signal).then(
        ({ response, blob }) => {
          if (signal.aborted) return;
          if (response.ok) job.finish(blob, null, 'rasterBlob');
          else job.fail(`Status ${response.status}`, null);
        },
        (/** @type {unknown} */ error) => {
          if (!signal.aborted) job.fail(String(error), null);
        },
      );
    },
    /** @param {TileJob} job */
    downloadTileAbort(job) {
      job.userData.controller?.abort();
    },
  };
}
