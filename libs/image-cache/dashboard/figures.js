import { byId, element } from './dom.js';
import { bytesForecast, entriesForecast } from './forecast.js';
import { bytes, duration, number, percent, plural } from './format.js';
import { COLOURS } from './palette.js';
import { Plot } from './plot.js';

/** @typedef {import('./history-data.js').HistoryData} HistoryData */
/** @typedef {import('./history-data.js').HistoryDocument} HistoryDocument */
/** @typedef {import('./plot.js').Drawing} Drawing */
/** @typedef {Pick<HistoryDocument, 'bounds' | 'forecast' | 'processes'>} Around */
/** @typedef {{ title: string, make(data: HistoryData, around: Around): Omit<Drawing, 'title'>, note?(around: Around): string, isShown?(data: HistoryData): boolean }} Figure */

const OUTCOMES = /** @type {const} */ ([
  ['hit', 'Hits'],
  ['not-modified', 'Not modified'],
  ['stale', 'Stale'],
  ['collapsed', 'Collapsed'],
  ['miss', 'Rendered'],
  ['bypass', 'Not cached'],
  ['client-error', '4xx'],
  ['server-error', '5xx'],
  ['aborted', 'Aborted'],
]);

const TIERS = /** @type {const} */ ([
  ['variant', 'Variants', '--hit'],
  ['info', 'Infos', '--browser'],
  ['heap-info', 'Infos in memory', '--source'],
  ['source', 'Originals', '--miss'],
]);

const KINDS = /** @type {const} */ ([
  ['variant', 'Variants', '--hit'],
  ['source', 'Originals', '--miss'],
  ['info', 'Infos', '--browser'],
]);

const REASONS = /** @type {const} */ ([
  ['bounds', 'For room', '--miss'],
  ['expired', 'Expired', '--stale'],
  ['changed', 'Changed', '--browser'],
  ['missing', 'Missing', '--source'],
  ['request', 'Asked for', '--hit'],
  ['purge', 'Purged', '--failed'],
  ['other', 'Other', '--faint'],
]);

const SOURCE_FAILURES = /** @type {const} */ ([
  ['timeout', 'No answer in time', '--stale'],
  ['unreachable', 'Not to be reached', '--failed'],
  ['refused', 'Another answer than the image', '--source'],
]);

/** Those that were there in the time that is shown; never none. */
const present = (
  /** @type {HistoryData} */ data,
  /** @type {readonly (readonly [string, string, string])[]} */ all,
  /** @type {string} */ prefix,
) => {
  const some = all.filter(([key]) => data.of(`${prefix}.${key}`).some((value) => (value ?? 0) > 0));
  return some.length === 0 ? all.slice(0, 1) : some;
};

const perSecond = (/** @type {number} */ value) => `${number(value)}/s`;

/** @param {'hit' | 'render'} what */
const latencies = (what) => (/** @type {HistoryData} */ data) => ({
  kind: /** @type {const} */ ('lines'),
  scale: /** @type {const} */ ('log'),
  format: duration,
  lines: [
    { label: 'Median', colour: what === 'hit' ? '--hit' : '--miss', values: data.of(`latency.${what}.p50`), width: 2 },
    { label: '95 %', colour: '--browser', values: data.of(`latency.${what}.p95`) },
    { label: '99 %', colour: '--source', values: data.of(`latency.${what}.p99`), dash: [4, 3] },
  ],
});

/** @type {readonly Figure[]} */
const FIGURES = [
  {
    title: 'Hit ratio',
    make: (data) => ({
      kind: 'lines',
      scale: 'share',
      format: percent,
      lines: TIERS.filter(
        ([tier]) => tier === 'variant' || [...data.of(`hits.${tier}`), ...data.of(`misses.${tier}`)].some(Boolean),
      ).map(([tier, label, line]) => ({ label, colour: line, values: data.share(`hits.${tier}`, `misses.${tier}`) })),
    }),
  },
  {
    title: 'Requests',
    make: (data) => ({
      kind: 'stack',
      format: perSecond,
      lines: present(
        data,
        OUTCOMES.map(([key, label]) => [key, label, COLOURS[key] ?? '--muted']),
        'served',
      ).map(([key, label, line]) => ({ label, colour: line, values: data.rate(`served.${key}`) })),
    }),
  },
  { title: 'Latency of hits', make: latencies('hit') },
  { title: 'Latency of renders', make: latencies('render') },
  {
    title: 'Stored',
    make: (data, { bounds }) => ({
      kind: 'stack',
      bytes: true,
      format: bytes,
      lines: present(data, KINDS, 'bytes').map(([kind, label, line]) => ({
        label,
        colour: line,
        values: data.of(`bytes.${kind}`),
      })),
      ...(bounds?.maxSize !== undefined && {
        bound: { value: bounds.maxSize, label: `bound ${bytes(bounds.maxSize)}` },
      }),
    }),
    note: ({ forecast, bounds }) => bytesForecast(forecast.bytes, bounds?.maxSize),
  },
  {
    title: 'Entries',
    make: (data, { bounds }) => ({
      kind: 'stack',
      format: number,
      lines: present(data, KINDS, 'entries').map(([kind, label, line]) => ({
        label,
        colour: line,
        values: data.of(`entries.${kind}`),
      })),
      ...(bounds?.maxEntries !== undefined && {
        bound: { value: bounds.maxEntries, label: `bound ${number(bounds.maxEntries)}` },
      }),
    }),
    note: ({ forecast, bounds }) => entriesForecast(forecast.entries, bounds?.maxEntries),
  },
  {
    title: 'Renders under way',
    make: (data) => ({
      kind: 'lines',
      format: number,
      lines: [
        { label: 'Running', colour: '--hit', values: data.of('rendering.running') },
        { label: 'Waiting', colour: '--miss', values: data.of('rendering.waiting') },
      ],
    }),
  },
  {
    title: 'Evictions',
    make: (data) => ({
      kind: 'bars',
      format: number,
      lines: present(data, REASONS, 'evicted').map(([key, label, line]) => ({
        label,
        colour: line,
        values: data.of(`evicted.${key}`),
      })),
    }),
  },
  {
    title: 'Failures',
    make: (data) => ({
      kind: 'bars',
      format: number,
      alarm: data.of('breakersOpen'),
      lines: [
        { label: 'Store', colour: '--failed', values: data.of('storeFailures') },
        { label: 'Render', colour: '--miss', values: data.of('renderFailures') },
        { label: 'Refused', colour: '--source', values: data.of('refused') },
      ],
    }),
    note: () => 'On red ground, a store was left out until it worked again.',
  },
  {
    title: 'Failures of the source',
    make: (data) => ({
      kind: 'bars',
      format: number,
      lines: present(data, SOURCE_FAILURES, 'sourceFailures').map(([reason, label, line]) => ({
        label,
        colour: line,
        values: data.of(`sourceFailures.${reason}`),
      })),
    }),
  },
  {
    title: 'Prefetch queue',
    isShown: (data) => data.has('prefetch.queued'),
    make: (data) => ({
      kind: 'lines',
      format: number,
      lines: [
        { label: 'Queued', colour: '--browser', values: data.of('prefetch.queued') },
        { label: 'Running', colour: '--hit', values: data.of('prefetch.running') },
        { label: 'Given up', colour: '--failed', values: data.of('prefetch.dead') },
      ],
    }),
  },
  {
    title: 'Sent',
    make: (data) => ({
      kind: 'lines',
      bytes: true,
      format: (value) => `${bytes(value)}/s`,
      lines: [{ label: 'Pictures', colour: '--browser', values: data.rate('served.bytes') }],
    }),
  },
  {
    title: 'Memory',
    make: (data) => ({
      kind: 'lines',
      bytes: true,
      format: bytes,
      lines: [{ label: 'Processes', colour: '--source', values: data.of('rss') }],
    }),
  },
];

/** The figures of what a cache did. */
export class Figures {
  #plots = FIGURES.map((figure) => ({ figure, plot: new Plot(figure.title) }));

  constructor() {
    byId('figures').append(...this.#plots.map(({ plot }) => plot.element));
  }

  /**
   * @param {HistoryData} data
   * @param {Around} around
   */
  draw(data, around) {
    byId('figures-empty').hidden = !data.isEmpty;
    byId('figures').hidden = data.isEmpty;
    if (data.isEmpty) return;
    for (const { figure, plot } of this.#plots) {
      plot.element.hidden = figure.isShown?.(data) === false;
      if (plot.element.hidden) continue;
      plot.draw(data.times, { title: figure.title, ...figure.make(data, around) });
      plot.note = figure.note?.(around) ?? '';
    }
    byId('figures-note').replaceChildren(
      `Of ${plural(around.processes, 'process').replace(/sss$/, 'sses')}, a value for every ${duration(data.step * 1000)}.`,
      element('span', {}, [' Point at a figure for its values.']),
    );
  }
}
