import { ask, reason, RequestError } from './api.js';
import { byId, element } from './dom.js';
import { Figures } from './figures.js';
import { bytes, number, percent, span } from './format.js';
import { HistoryData } from './history-data.js';
import { Images } from './images.js';
import { Live } from './live.js';
import { Log } from './log.js';
import { tell } from './messages.js';
import { chooseRange } from './ranges.js';
import { Upkeep } from './upkeep.js';

/** @typedef {import('./history-data.js').HistoryDocument} HistoryDocument */

/** Milliseconds between two looks at the status of the admin API. */
const STATUS = 10_000;

const data = new HistoryData();
const figures = new Figures();
const log = new Log();
const upkeep = new Upkeep(() => void loadStatus());
const images = new Images();

/** @type {HistoryDocument | undefined} */
let latest;
/** @type {any} */
let pulse;
/** @type {any} */
let status;
/** @type {import('./live.js').Connection | 'waiting'} */
let connection = 'waiting';
let seconds = chooseRange((chosen) => {
  seconds = chosen;
  void loadHistory().catch(complain);
});

async function loadHistory() {
  const asked = seconds;
  const document = await ask(`history?seconds=${asked}`);
  if (asked !== seconds) return;
  data.replace(document);
  log.replace(document.notices);
  take(document);
  complain(undefined);
}

/** @param {HistoryDocument} document */
function take(document) {
  latest = { ...latest, ...document };
  figures.draw(data, latest);
  images.showTop(document.top);
  showTiles();
}

async function loadStatus() {
  try {
    status = await ask('status');
    upkeep.show(status);
    byId('about').textContent = aboutText(status);
    showTiles();
  } catch (error) {
    if (error instanceof RequestError && error.status === 401) complain(error);
    else if (status === undefined) tell(reason(error), true);
  }
}

/** @param {any} told */
function aboutText({ name, version, startedAt, process: { pid } = { pid: undefined } }) {
  const what = [name, version].filter(Boolean).join(' ');
  const parts = [what, ...(pid === undefined ? [] : [`process ${pid}`])];
  if (startedAt !== undefined) parts.push(`running for ${span(Date.now() - Date.parse(startedAt))}`);
  return `${parts.join(', ')}.`;
}

/** Of what was shown last, all stays: it is what was known. @param {unknown} error */
function complain(error) {
  byId('banner').hidden = error === undefined;
  byId('banner').textContent = error === undefined ? '' : reason(error);
}

/**
 * @param {import('./live.js').Connection} now
 * @param {unknown} [error] why it is lost
 */
function connect(now, error) {
  if (now === 'lost') complain(error);
  if (now === connection) return;
  const wasLost = connection === 'lost';
  connection = now;
  if (wasLost) void Promise.all([loadHistory(), loadStatus()]).catch(complain);
  showTiles();
}

const WORDS = { waiting: 'Connecting …', live: 'Live', polling: 'Looking every few seconds', lost: 'Reconnecting …' };

/** How it is at the moment, in one line and a few numbers. */
function showTiles() {
  const line = byId('status');
  const isTroubled = (data.of('breakersOpen').at(-1) ?? 0) > 0;
  line.dataset['state'] = connection === 'live' && isTroubled ? 'troubled' : connection;
  const parts = [WORDS[connection]];
  if (isTroubled) parts.push('a store is left out until it works again');
  if (status?.startedAt) parts.push(`up ${span(Date.now() - Date.parse(status.startedAt))}`);
  const text = parts.join(' · ');
  if (byId('status-text').textContent !== text) byId('status-text').textContent = text;
  byId('tiles').replaceChildren(
    ...tiles().map(([name, value, note]) =>
      element('div', { class: 'tile' }, [
        element('dt', {}, [name]),
        element('dd', {}, [value, ...(note === '' ? [] : [element('small', {}, [note])])]),
      ]),
    ),
  );
}

/** @returns {[string, string, string][]} */
function tiles() {
  const last = (/** @type {(number | null)[]} */ values) => values.findLast((value) => value !== null) ?? undefined;
  const requests = last(data.sum(Object.keys(SERVED).map((name) => `served.${name}`)));
  const ratio = last(data.share('hits.variant', 'misses.variant'));
  const stored = last(data.sum(['bytes.variant', 'bytes.info', 'bytes.source']));
  const bound = latest?.bounds?.maxSize;
  const rendering = pulse?.rendering;
  return [
    ['Requests', requests === undefined ? '–' : `${number(requests / data.step)}/s`, ''],
    ['Hit ratio', ratio === undefined ? '–' : percent(ratio), 'variants'],
    [
      'Rendering',
      rendering === undefined ? '–' : number(rendering.running),
      rendering === undefined ? '' : `${number(rendering.waiting)} waiting`,
    ],
    [
      'Stored',
      stored === undefined ? '–' : bytes(stored),
      bound === undefined || stored === undefined ? '' : `${percent(stored / bound)} of ${bytes(bound)}`,
    ],
    ...(pulse?.prefetch === undefined
      ? []
      : [
          /** @type {[string, string, string]} */ ([
            'Queue',
            number(pulse.prefetch.queued),
            `${number(pulse.prefetch.running)} running`,
          ]),
        ]),
  ];
}

const SERVED = {
  hit: 1,
  'not-modified': 1,
  stale: 1,
  collapsed: 1,
  miss: 1,
  bypass: 1,
  'client-error': 1,
  'server-error': 1,
  aborted: 1,
};

new Live({
  onPulse: (told) => {
    pulse = told;
    upkeep.feel(told);
    showTiles();
  },
  onSample: (document) => {
    if (data.append(document)) take({ ...document });
    else if (data.isEmpty) void loadHistory().catch(complain);
  },
  onNotice: (notice) => {
    log.add(notice);
  },
  onConnection: connect,
  poll: loadHistory,
});

// Colours are drawn into the plots.
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  if (latest !== undefined) figures.draw(data, latest);
});

setInterval(() => {
  if (document.visibilityState === 'visible') void loadStatus();
  // Spans of five minutes do not come along by themselves.
  if (data.step > 10 && Date.now() / 1000 > (data.times.at(-1) ?? 0) + 2 * data.step)
    void loadHistory().catch(complain);
}, STATUS);
void loadStatus();
void loadHistory().catch(complain);
