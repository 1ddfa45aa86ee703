import { element } from './dom.js';
import { number } from './format.js';

/** Paths of pictures and pages, where the application has said them. */
export const TEMPLATES = document.body.dataset;

/** Where the page shows an image. @param {string} identifier */
export function hashOf(identifier) {
  return `#image/${encodeURIComponent(identifier)}`;
}

/**
 * The path of a picture, where the application has said how it is made.
 *
 * @param {string | undefined} template
 * @param {string} identifier
 * @param {string} [operations]
 */
export function pathOf(template, identifier, operations = '') {
  if (template === undefined || template === '') return undefined;
  const [what = ''] = operations.split(';', 1);
  if (template.includes('{operations}') && !/^[\w.,!^:/-]+$/.test(what)) return undefined;
  return template.replaceAll('{id}', encodeURIComponent(identifier)).replaceAll('{operations}', what);
}

/**
 * A picture that may not come.
 *
 * @param {string | undefined} path
 * @param {string} alt
 */
export function picture(path, alt) {
  const frame = element('span', { class: 'frame' });
  if (path === undefined) return frame;
  const image = element('img', { src: path, alt, loading: 'lazy', decoding: 'async' });
  image.addEventListener('error', () => {
    image.remove();
  });
  image.addEventListener('load', () => {
    image.classList.add('is-loaded');
  });
  frame.append(image);
  return frame;
}

/** @param {any} info */
export function infoText({ width, height, format, pyramid = [] }) {
  const levels = pyramid.length > 1 ? `, ${pyramid.length} levels` : '';
  return `${number(width)} × ${number(height)}, ${String(format).toUpperCase()}${levels}`;
}

/** @param {any} job */
export function jobText({ state, progress, error }) {
  const done = progress === undefined ? '' : `, ${number(progress.done)} of ${number(progress.total)}`;
  return `${state}${done}${error === undefined ? '' : `: ${error}`}`;
}
