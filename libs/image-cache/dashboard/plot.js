import { element } from './dom.js';
import { colour, tint } from './palette.js';
import { BYTE_STEPS, powersOfTen, scaleOf, timeLabels } from './plot-axes.js';
import { bandsOf, dataOf, isSparse, seriesOf } from './plot-series.js';

const UPlot = /** @type {{ uPlot: any }} */ (/** @type {unknown} */ (window)).uPlot;

/** All plots show the same time under the cursor. */
const SYNC = 'time';

const HEIGHT = 190;

/** @typedef {import('./plot-series.js').Drawing} Drawing */

/** A figure: its title, what the lines mean with their values, and the plot. */
export class Plot {
  #figure;
  #legend = element('ul', { class: 'legend' });
  #note = element('p', { class: 'figure-note' });
  #canvas = element('div', { class: 'plot' });
  /** @type {any} */
  #plot;
  /** @type {Drawing | undefined} */
  #drawing;
  #shape = '';
  /** @type {number[]} */
  #times = [];
  #index = -1;

  /** @param {string} title */
  constructor(title) {
    this.#figure = element('figure', { class: 'figure' }, [
      element('figcaption', {}, [element('h3', {}, [title]), this.#legend]),
      this.#canvas,
      this.#note,
    ]);
    new ResizeObserver(() => {
      const width = this.#canvas.clientWidth;
      if (width > 0) this.#plot?.setSize({ width, height: HEIGHT });
    }).observe(this.#canvas);
  }

  get element() {
    return this.#figure;
  }

  /** @param {string} text */
  set note(text) {
    this.#note.textContent = text;
  }

  /**
   * @param {number[]} times seconds since the epoch
   * @param {Drawing} drawing
   */
  draw(times, drawing) {
    this.#drawing = drawing;
    this.#times = times;
    const data = dataOf(times, drawing);
    const shape = JSON.stringify([
      drawing.kind,
      drawing.lines.map(({ label }) => label),
      drawing.bound,
      drawing.scale,
      drawing.lines.map(isSparse),
      matchMedia('(prefers-color-scheme: dark)').matches,
    ]);
    if (shape !== this.#shape) {
      this.#plot?.destroy();
      this.#plot = new UPlot(this.#options(drawing), data, this.#canvas);
      this.#shape = shape;
    } else this.#plot.setData(data);
    this.#canvas.setAttribute('role', 'img');
    this.#canvas.setAttribute('aria-label', `${drawing.title}. ${this.#spoken(drawing)}`);
    this.#showLegend();
  }

  /** @param {Drawing} drawing */
  #options(drawing) {
    const axis = { stroke: colour('--muted'), font: `11px ${colour('--font') || 'system-ui'}`, ticks: { show: false } };
    const grid = { stroke: colour('--grid'), width: 1 };
    return {
      width: Math.max(200, this.#canvas.clientWidth),
      height: HEIGHT,
      legend: { show: false },
      padding: [10, 18, 0, 0],
      cursor: {
        sync: { key: SYNC },
        drag: { x: false, y: false },
        points: { show: drawing.kind === 'lines', size: 6 },
        y: false,
      },
      scales: { x: { time: true }, y: scaleOf(drawing) },
      axes: [
        { ...axis, grid: { show: false }, space: 70, size: 24, values: timeLabels },
        {
          ...axis,
          grid,
          size: 58,
          space: 38,
          ...(drawing.bytes && { incrs: BYTE_STEPS }),
          ...(drawing.scale === 'log' && { splits: powersOfTen }),
          values: (/** @type {any} */ _, /** @type {(number | null)[]} */ values) =>
            values.map((value) => (value === null ? '' : drawing.format(value))),
        },
      ],
      series: [{}, ...seriesOf(drawing)],
      ...(drawing.kind === 'stack' && { bands: bandsOf(drawing.lines) }),
      hooks: {
        drawClear: [(/** @type {any} */ plot) => this.#drawAlarm(plot)],
        draw: [(/** @type {any} */ plot) => this.#drawBound(plot)],
        setCursor: [
          (/** @type {any} */ plot) => {
            this.#index = plot.cursor.idx ?? -1;
            this.#showLegend();
          },
        ],
      },
    };
  }

  /** Where something was wrong, the ground is red. @param {any} plot */
  #drawAlarm(plot) {
    const { alarm } = this.#drawing ?? {};
    if (alarm === undefined) return;
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.fillStyle = tint('--failed', 0.14);
    for (const [index, value] of alarm.entries()) {
      const time = this.#times[index] ?? 0;
      if (!value) continue;
      const step = (this.#times[1] ?? 0) - (this.#times[0] ?? 0);
      const left = plot.valToPos(time, 'x', true);
      ctx.fillRect(left, bbox.top, plot.valToPos(time + step, 'x', true) - left, bbox.height);
    }
    ctx.restore();
  }

  /** @param {any} plot */
  #drawBound(plot) {
    const { bound } = this.#drawing ?? {};
    if (bound === undefined || bound.value > plot.scales.y.max) return;
    const { ctx, bbox } = plot;
    const y = Math.round(plot.valToPos(bound.value, 'y', true));
    ctx.save();
    ctx.strokeStyle = colour('--failed');
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.fillStyle = colour('--failed');
    ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
    ctx.textAlign = 'right';
    ctx.fillText(bound.label, bbox.left + bbox.width - 4 * devicePixelRatio, y - 5 * devicePixelRatio);
    ctx.restore();
  }

  /** What is under the cursor, else what was last. */
  #showLegend() {
    const drawing = this.#drawing;
    if (drawing === undefined) return;
    this.#legend.replaceChildren(
      ...drawing.lines.map((line) => {
        const swatch = element('span', { class: 'swatch', 'aria-hidden': 'true' });
        swatch.style.background = colour(line.colour);
        const value = this.#index >= 0 ? (line.values[this.#index] ?? null) : lastOf(line.values);
        const text = value === null ? '–' : drawing.format(value);
        return element('li', {}, [swatch, `${line.label} `, element('b', {}, [text])]);
      }),
    );
  }

  /** @param {Drawing} drawing */
  #spoken({ lines, format }) {
    const told = lines.map(({ label, values }) => {
      const value = lastOf(values);
      return `${label}: ${value === null ? 'nothing' : format(value)}`;
    });
    return `Now ${told.join(', ')}`;
  }
}

/** @param {(number | null)[]} values */
function lastOf(values) {
  return values.findLast((value) => value !== null) ?? null;
}
