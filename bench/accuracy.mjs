#!/usr/bin/env node
// Draws docs/accuracy.svg: the error of float32 1/√x over [1, 4). Other inputs behave alike,
// because 1/√x scales with powers of four.
//
//   npm ci --prefix bench && node bench/accuracy.mjs
//
// All 2^24 floats of the range are computed. torch's float32 rsqrt on the CPU is √ and then 1/x,
// both rounded to float32. For torch 2.13.0 that was compared bit for bit over the whole range, so
// drawing needs no Python.

import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import * as echarts from 'echarts';

const { asTensor, rsqrt } = createRequire(import.meta.url)('..');

const FIRST = 0x3f800000; // the bits of 1
const COUNT = 2 ** 24;
const DOTS_EVERY = 8191;
const BINS = 300;
const TEXT = '#24292f';
const FONT = 'Helvetica, Arial, sans-serif';

const x = new Float32Array(new Uint32Array(COUNT).map((_, i) => FIRST + i).buffer);

/**
 * The signed error of each result in ulp: a sample as dots, and the extremes of bins. Also the
 * largest error, and how many results are rounded wrongly.
 */
function errorsOf(y) {
  const dots = [];
  const low = Array(BINS).fill(Infinity);
  const high = Array(BINS).fill(-Infinity);
  let most = 0;
  let wrong = 0;
  for (let i = 0; i < COUNT; i++) {
    const exact = 1 / Math.sqrt(x[i]); // to 2^-29 of a float32's ulp
    const ulp = exact === 1 ? 2 ** -23 : 2 ** -24; // results lie in (½, 1]
    const error = (y[i] - exact) / ulp;
    const bin = Math.floor(((x[i] - 1) / 3) * BINS);
    low[bin] = Math.min(low[bin], error);
    high[bin] = Math.max(high[bin], error);
    most = Math.max(most, Math.abs(error));
    if (y[i] !== Math.fround(exact)) wrong++;
    if (i % DOTS_EVERY === 0) dots.push([Number(x[i].toFixed(4)), Number(error.toFixed(3))]);
  }
  return { dots, low, high, most, share: wrong / COUNT };
}

const torch = errorsOf(x.map((value) => 1 / Math.fround(Math.sqrt(value))));
const ours = errorsOf(rsqrt(asTensor(x)).data);

const panels = [
  { name: 'torch 2.13 on the CPU', color: '#0072B2', ...torch },
  { name: 'rsqrt', color: '#C04E00', ...ours },
];
const percent = (share) => `${(100 * share).toFixed(share === 0 ? 0 : 1)} % not the nearest float`;
const left = (panel) => 70 + panel * 470;

const edge = (values) => values.map((value, bin) => [1 + ((bin + 0.5) * 3) / BINS, Number(value.toFixed(3))]);

const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: 980, height: 446 });
chart.setOption({
  animation: false,
  backgroundColor: '#ffffff', // so that the text is legible on dark pages
  textStyle: { fontFamily: FONT, fontSize: 13, color: TEXT },
  title: [
    {
      text: 'Error of float32 1/√x in ulp',
      left: 20,
      top: 14,
      textStyle: { fontSize: 16, color: TEXT, fontFamily: FONT },
    },
    ...panels.map(({ name, most, share, color }, i) => ({
      text: name,
      subtext: `at most ${most.toFixed(2)} ulp, ${percent(share)}`,
      left: left(i),
      top: 48,
      padding: 0,
      itemGap: 4,
      textStyle: { fontSize: 14, fontWeight: 'bold', color, fontFamily: FONT },
      subtextStyle: { fontSize: 13, color: TEXT, fontFamily: FONT },
    })),
  ],
  grid: panels.map((_, i) => ({ left: left(i), top: 96, width: 420, height: 290 })),
  xAxis: panels.map((_, i) => ({
    gridIndex: i,
    type: 'value',
    min: 1,
    max: 4,
    interval: 0.5,
    name: 'x',
    nameLocation: 'middle',
    nameGap: 30,
    nameTextStyle: { fontSize: 13, color: TEXT },
    axisLabel: { color: TEXT, fontSize: 12 },
    axisLine: { onZero: false, lineStyle: { color: TEXT } },
    splitLine: { show: false },
  })),
  yAxis: panels.map((_, i) => ({
    gridIndex: i,
    type: 'value',
    min: -1.5,
    max: 1.5,
    interval: 0.5,
    axisLabel: { color: TEXT, fontSize: 12, formatter: (value) => value.toFixed(1).replace('-', '−') },
    splitLine: { lineStyle: { color: '#d8dee4' } },
  })),
  series: panels.flatMap(({ dots, low, high, color }, i) => [
    {
      type: 'scatter',
      xAxisIndex: i,
      yAxisIndex: i,
      data: dots,
      symbolSize: 2,
      large: true,
      largeThreshold: 1,
      color,
      itemStyle: { opacity: 0.55 },
    },
    ...[low, high].map((values) => ({
      type: 'line',
      xAxisIndex: i,
      yAxisIndex: i,
      data: edge(values),
      symbol: 'none',
      color,
      lineStyle: { width: 1.5 },
      z: 3,
    })),
  ]),
});
const file = fileURLToPath(new URL('../docs/accuracy.svg', import.meta.url));
writeFileSync(file, `${chart.renderToSVGString()}\n`);
chart.dispose();
for (const { name, most, share } of panels)
  console.log(`${name}: ${most.toFixed(4)} ulp, ${(100 * share).toFixed(4)} % not nearest`);
