import { imageUri, listImages } from './api.js';
import { byId, element } from './dom.js';
import { dimensions, formatName, number, titleOf } from './format.js';

/** @typedef {import('./api.js').ListedImage} ListedImage */

/** Height of a row, and of the thumbnails for screens with two pixels in one; CSS pixels. */
const THUMBNAIL_HEIGHT = 480;

/** Shows the images of the source, a page at a time. */
export class Gallery {
  #wall = byId('wall');
  #notice = byId('gallery-notice');
  #more = byId('more');
  /** @type {string | undefined} */
  #next;
  #loading = false;
  #shown = 0;

  constructor() {
    this.#more.addEventListener('click', () => void this.load());
    this.#wall.addEventListener('keydown', (event) => {
      this.#moveFocus(event);
    });
    byId('by-identifier').addEventListener('submit', (event) => {
      event.preventDefault();
      const identifier = /** @type {HTMLInputElement} */ (byId('identifier')).value.trim();
      if (identifier !== '') location.hash = `#/${encodeURIComponent(identifier)}`;
    });
    new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting) && this.#next !== undefined) void this.load();
      },
      { rootMargin: '600px' },
    ).observe(this.#more);
  }

  /** Shows the next page. */
  async load() {
    if (this.#loading) return;
    this.#loading = true;
    this.#notice.textContent = this.#shown === 0 ? 'Loading…' : '';
    try {
      const { images, isListable, next } = await listImages(this.#next);
      this.#next = next;
      if (isListable) this.#show(images);
      else this.#askForIdentifier();
    } catch (error) {
      this.#notice.textContent = `The images cannot be listed. ${error instanceof Error ? error.message : ''}`;
      this.#more.textContent = 'Try again';
      this.#more.hidden = false;
    } finally {
      this.#loading = false;
    }
  }

  /** @param {string} identifier */
  focus(identifier) {
    const links = /** @type {NodeListOf<HTMLElement>} */ (this.#wall.querySelectorAll('a'));
    [...links].find((link) => link.dataset['identifier'] === identifier)?.focus({ preventScroll: false });
  }

  /** @param {readonly ListedImage[]} images */
  #show(images) {
    this.#wall.append(...images.map(work));
    this.#shown += images.length;
    this.#more.textContent = 'Show more';
    this.#more.hidden = this.#next === undefined;
    this.#notice.textContent = this.#shown === 0 ? 'There are no images in the source.' : '';
    const count = `${number(this.#shown)} ${this.#shown === 1 ? 'image' : 'images'}`;
    byId('count').textContent = this.#next === undefined ? count : `${count} and more`;
  }

  /** A source that cannot be listed may still have what somebody knows by name. */
  #askForIdentifier() {
    this.#notice.textContent = 'The source does not tell which images it has.';
    byId('by-identifier').hidden = false;
  }

  /** @param {KeyboardEvent} event */
  #moveFocus({ key, target }) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[key];
    if (step === undefined || !(target instanceof HTMLElement)) return;
    const links = /** @type {HTMLElement[]} */ ([...this.#wall.querySelectorAll('a')]);
    links[links.indexOf(target) + step]?.focus();
  }
}

/** @param {ListedImage} image */
function work(image) {
  const { identifier, width, height, hasAlpha } = image;
  const item = element('li', { class: 'work' });
  const isReadable = width !== undefined && height !== undefined;
  item.style.setProperty('--ratio', String(isReadable ? Math.min(Math.max(width / height, 0.5), 2.5) : 1));
  const picture = isReadable ? thumbnail(identifier, { width, height }) : unreadable();
  const link = element('a', { href: `#/${encodeURIComponent(identifier)}` }, [
    element('span', { class: hasAlpha === true ? 'work-picture is-transparent' : 'work-picture' }, [picture]),
    element('span', { class: 'work-title' }, [titleOf(identifier)]),
    element('span', { class: 'work-note' }, [noteOf(image)]),
  ]);
  link.dataset['identifier'] = identifier;
  item.append(link);
  return item;
}

/** @param {ListedImage} image */
function noteOf({ width, height, format }) {
  if (width === undefined || height === undefined || format === undefined) return 'Cannot be read';
  return `${formatName(format)}, ${dimensions({ width, height })}`;
}

/**
 * @param {string} identifier
 * @param {{ width: number, height: number }} size
 */
function thumbnail(identifier, { width, height }) {
  const scale = Math.min(1, THUMBNAIL_HEIGHT / height);
  const size = scale === 1 ? 'max' : `${Math.round(width * scale)},${Math.round(height * scale)}`;
  const image = element('img', {
    src: `${imageUri(identifier)}/full/${size}/0/default.webp`,
    alt: '',
    width: String(width),
    height: String(height),
    loading: 'lazy',
    decoding: 'async',
  });
  image.addEventListener('load', () => {
    image.classList.add('is-loaded');
  });
  image.addEventListener('error', () => {
    image.replaceWith(unreadable());
  });
  return image;
}

function unreadable() {
  return element('span', { class: 'work-unreadable' }, ['No picture']);
}
