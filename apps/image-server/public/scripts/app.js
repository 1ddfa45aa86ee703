import { byId } from './dom.js';
import { titleOf } from './format.js';
import { Gallery } from './gallery.js';
import { Stage } from './stage.js';

const gallery = new Gallery();
const stage = new Stage();
/** @type {string | undefined} */
let opened;

/** Shows what the address names: an image, else the gallery. */
function route() {
  const [path = '', query = ''] = location.hash.replace(/^#\/?/, '').split('?', 2);
  const identifier = decoded(path);
  if (identifier !== '' && identifier === opened) return;
  byId('gallery').inert = identifier !== '';
  document.body.classList.toggle('is-staged', identifier !== '');
  document.title = identifier === '' ? 'Collection' : `${titleOf(identifier)} – Collection`;
  if (identifier !== '') {
    opened = identifier;
    void stage.open(identifier, new URLSearchParams(query).get('region'));
    return;
  }
  stage.close();
  if (opened !== undefined) gallery.focus(opened);
  opened = undefined;
}

/** @param {string} path */
function decoded(path) {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

addEventListener('hashchange', route);
route();
void gallery.load();
