import { init, use } from 'echarts/core';
import { LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, MarkLineComponent, TitleComponent } from 'echarts/components';
import { SVGRenderer } from 'echarts/renderers';
import { median } from './contenders.mjs';
import { OVERLOAD } from './overload.mjs';
import { number, table } from './tables.mjs';

use([LineChart, GridComponent, LegendComponent, MarkLineComponent, TitleComponent, SVGRenderer]);

const NAMES = { bounded: 'nestjs-image-cache', unbounded: 'files and sharp, no bounds' };

/** Milliseconds, in their order; who has no answer counts with the time for which it has waited. */
const times = (outcomes) =>
  outcomes
    .filter(({ status }) => status !== 503)
    .map(({ ms, waits }) => ms ?? waits)
    .sort((one, other) => one - other);

const percentile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;

const count = (outcomes, wanted) => outcomes.filter(wanted).length;

/** Something of all rounds together. */
const all = (rounds, what) => rounds.flatMap((round) => round[what]);

/** The section of the report about what `measureOverload` has measured. */
export function overloadReport(measured) {
  const rows = Object.entries(measured).map(([kind, { capacity, rounds, rss }]) => {
    const [hits, misses] = [all(rounds, 'hits'), all(rounds, 'misses')];
    const p95 = (what) => median(rounds.map((round) => percentile(times(round[what]), 0.95)));
    return [
      NAMES[kind],
      number(capacity, 1),
      number(p95('calm'), 0),
      number(p95('hits'), 0),
      number(median(rounds.map(({ rendered }) => median(rendered))), 0),
      misses.length,
      count(misses, ({ status }) => status === 200),
      count(misses, ({ status }) => status === 503),
      count([...misses, ...hits], ({ status }) => status === undefined),
      number(rss / 1e6, 0),
    ];
  });
  return `## Ten times more than can be rendered

A warm cache on Fastify is asked ${OVERLOAD} times as often for pictures that it has not as it can render, by sharp, two at a
time; and 50 times per second for pictures that it has. Nobody waits with asking until there is an answer. Milliseconds until
a picture is there, of those that are not refused; a request without an answer in the end has waited until then. Medians
of rounds.

${table(
  [
    '',
    'renders per second',
    'hits alone, p95',
    'hits meanwhile, p95',
    'a render, median',
    'asked for',
    'rendered',
    'refused',
    'without an answer',
    'RSS, MB',
  ],
  rows,
)}

![Hits are answered sooner than a picture is rendered](overload.svg)
`;
}

/** The distributions as a picture. */
export function overloadPlot({ bounded, unbounded }) {
  const series = {
    'hits alone': times(all(bounded.rounds, 'calm')),
    'hits meanwhile': times(all(bounded.rounds, 'hits')),
    'hits meanwhile, no bounds': times(all(unbounded.rounds, 'hits')),
  };
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: 760, height: 420 });
  chart.setOption({
    animation: false,
    backgroundColor: '#fff',
    title: { text: 'A cache that is asked for ten times what it can render', left: 'center', top: 4 },
    // Without a browser, widths of text are guessed, and fonts differ.
    legend: { top: 36, itemGap: 36 },
    grid: { left: 60, right: 40, top: 80, bottom: 50 },
    xAxis: { type: 'log', name: 'ms until a picture is there', nameLocation: 'middle', nameGap: 28, min: 1 },
    yAxis: { type: 'value', name: '% of the hits', max: 100 },
    series: Object.entries(series).map(([name, sorted], index) => ({
      name,
      type: 'line',
      showSymbol: false,
      data: Array.from({ length: 100 }, (_, share) => [Math.max(1, percentile(sorted, share / 100)), share]),
      ...(index === 1 && {
        markLine: {
          symbol: 'none',
          lineStyle: { color: '#555' },
          data: [
            { xAxis: median(all(bounded.rounds, 'rendered')), label: { formatter: 'a render, median' } },
            { yAxis: 95, label: { formatter: '95 %' } },
          ],
        },
      }),
    })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
