// Draws the charts, as SVG, from a result file. The white background keeps them legible in GitHub's
// dark mode. Symbols, and labels at the ends of lines, distinguish what colours may not.

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as echarts from 'echarts';
import { nameOf } from './cases.mjs';

const DIRECTORY = fileURLToPath(new URL('results/charts', import.meta.url));

// Based on the colour-blind-safe palette of Okabe and Ito. Its light colours are darkened, because
// they are used for text too.
const STYLES = {
  rsqrt: { color: '#D55E00', symbol: 'circle' },
  torch: { color: '#0072B2', symbol: 'rect' },
  onnxruntime: { color: '#B0408E', symbol: 'triangle' },
  tfjs: { color: '#00805E', symbol: 'diamond' },
  stdlib: { color: '#3A94C9', symbol: 'emptyCircle' },
  JavaScript: { color: '#A87B00', symbol: 'emptyRect' },
  copy: { color: '#8A8A8A', symbol: 'none' },
  'streaming copy': { color: '#444444', symbol: 'none' },
  'rsqrt copy': { color: '#8A8A8A', symbol: 'none' },
  'torch copy': { color: '#444444', symbol: 'none' },
};

const TEXT = '#24292f';
const FAINT = '#d8dee4';
const FONT = 'Helvetica, Arial, sans-serif';

const BASE = {
  animation: false,
  backgroundColor: '#ffffff',
  textStyle: { fontFamily: FONT, fontSize: 13, color: TEXT },
};

/** Writes bench/results/charts/*.svg; returns the files. */
export function draw({ results, ...about }) {
  mkdirSync(DIRECTORY, { recursive: true });
  // A case that is in two tables was measured twice. The first measurement is drawn.
  const report = {
    ...about,
    results: [...new Map(results.toReversed().map((r) => [nameOf(r), r])).values()].toReversed(),
  };
  const charts = report.gpus === undefined ? onCpu(report) : onGpu(report);
  return Object.entries(charts)
    .filter(([, chart]) => chart !== null)
    .map(([name, { width, height, option }]) => {
      const file = path.join(DIRECTORY, `${name}.svg`);
      const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
      chart.setOption({ ...BASE, ...option });
      writeFileSync(file, `${chart.renderToSVGString()}\n`);
      chart.dispose();
      return file;
    });
}

const onCpu = (report) => ({
  throughput: throughputOf(report, {
    text: 'float32 rsqrt, one thread: elements per second',
    panels: [
      ['new', 'new output: y = rsqrt(x)'],
      ['out', 'given output: rsqrt(x, { out })'],
    ],
  }),
  dtypes: dtypesOf(report, {
    text: 'rsqrt(x), 16.8 M elements, new output, one thread',
    form: 'new',
    size: 16_777_216,
  }),
});

function onGpu(report) {
  const size = report.results.find(({ dtype }) => dtype === 'int8')?.size; // from the table of all dtypes
  return {
    'gpu-throughput': throughputOf(report, {
      text: 'float32 rsqrt on a GPU: elements per second',
      panels: [['out', 'given output: rsqrt(x, { out })']],
    }),
    'gpu-dtypes': dtypesOf(report, {
      text: `rsqrt(x, { out }) on a GPU, ${short(size ?? 0)} elements`,
      form: 'out',
      size,
    }),
  };
}

const plain = ({ op, dtype, layout, threads, isa }) =>
  `${op} ${dtype} ${layout} ${threads} ${isa}` === 'rsqrt float32 contiguous 1 null';

/**
 * Elements per second over the number of elements, with a panel for each form. Null if none of them
 * was measured.
 */
function throughputOf(report, { text, panels }) {
  const { results } = report;
  const rows = panels.map(([form]) =>
    results.filter((r) => plain(r) && r.form === form).toSorted((a, b) => a.size - b.size),
  );
  if (rows.some((panel) => panel.length < 2)) return null;
  const top = 92;
  const height = 380;
  const width = 400;
  const left = (panel) => 76 + panel * 530;
  const sizes = rows.flat().map(({ size }) => size);
  const ticks = [10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8].filter((tick) => tick <= Math.max(...sizes));
  const rates = rows.flat().flatMap(({ size, times }) => Object.values(times).map(({ median }) => size / median));
  const axis = { nameTextStyle: { fontSize: 13, color: TEXT }, axisLabel: { color: TEXT, fontSize: 12 } };
  const power = (round, value) => 10 ** round(Math.log10(value));
  return {
    width: 60 + 530 * panels.length,
    height: 540,
    option: {
      title: [
        title(text, subtitleOf(report)),
        ...panels.map(([, text], panel) => ({
          text,
          left: left(panel),
          top: top - 30,
          padding: 0,
          textStyle: { fontSize: 13, fontWeight: 'bold', color: TEXT, fontFamily: FONT },
        })),
      ],
      grid: panels.map((_, panel) => ({ left: left(panel), top, width, height, containLabel: false })),
      xAxis: panels.map((_, panel) => ({
        ...axis,
        gridIndex: panel,
        type: 'log',
        min: Math.min(...sizes),
        max: Math.max(...sizes),
        name: 'elements',
        nameLocation: 'middle',
        nameGap: 32,
        splitLine: { show: false },
        axisTick: { customValues: ticks },
        axisLabel: { ...axis.axisLabel, customValues: ticks, formatter: short },
        axisLine: { lineStyle: { color: TEXT } },
      })),
      yAxis: panels.map((_, panel) => ({
        ...axis,
        gridIndex: panel,
        type: 'log',
        min: power(Math.floor, Math.min(...rates)),
        max: power(Math.ceil, Math.max(...rates)),
        name: panel === 0 ? 'elements per second' : '',
        nameLocation: 'middle',
        nameGap: 48,
        splitLine: { lineStyle: { color: FAINT } },
        axisLabel: { ...axis.axisLabel, formatter: (value) => short(value * 1e9) },
      })),
      series: rows.flatMap((panel, i) => Object.keys(STYLES).flatMap((name) => line(name, panel, i))),
    },
  };
}

function line(name, rows, panel) {
  const points = rows.filter(({ times }) => name in times).map(({ size, times }) => [size, size / times[name].median]);
  if (points.length === 0) return [];
  const ours = name === 'rsqrt';
  const { color, symbol } = STYLES[name];
  return {
    type: 'line',
    xAxisIndex: panel,
    yAxisIndex: panel,
    data: points,
    symbol,
    symbolSize: ours ? 7 : 6,
    color,
    z: ours ? 3 : 2,
    lineStyle: { width: ours ? 3 : 1.8, type: name.endsWith('copy') ? 'dashed' : 'solid' },
    endLabel: {
      show: true,
      formatter: name,
      color,
      fontSize: 13,
      fontWeight: ours ? 'bold' : 'normal',
      distance: 8,
    },
    labelLayout: { moveOverlap: 'shiftY' },
  };
}

/** How many times faster than torch, by dtype. Null if that was not measured. */
function dtypesOf(report, { text, form, size }) {
  const bars = report.results
    .filter((r) => r.op === 'rsqrt' && r.size === size && r.form === form && r.layout === 'contiguous')
    .filter((r) => r.threads === 1 && r.isa === null && 'rsqrt' in r.times && 'torch' in r.times)
    .map(({ dtype, times }) => [dtype, times.torch.median / times.rsqrt.median]);
  if (bars.length < 2) return null;
  return {
    width: 760,
    height: 130 + 28 * bars.length,
    option: {
      title: title(text, subtitleOf(report)),
      grid: { left: 110, right: 70, top: 66, bottom: 52 },
      xAxis: {
        type: 'value',
        name: 'time of torch / time of rsqrt (above 1, rsqrt is faster)',
        nameLocation: 'middle',
        nameGap: 30,
        nameTextStyle: { fontSize: 13, color: TEXT },
        axisLabel: { color: TEXT, fontSize: 12, formatter: '{value}×' },
        splitLine: { lineStyle: { color: FAINT } },
      },
      yAxis: {
        type: 'category',
        inverse: true,
        data: bars.map(([dtype]) => dtype),
        axisLabel: { color: TEXT, fontSize: 13 },
        axisTick: { show: false },
        axisLine: { lineStyle: { color: TEXT } },
      },
      series: {
        type: 'bar',
        data: bars.map(([, ratio]) => ratio),
        color: STYLES.rsqrt.color,
        barWidth: '62%',
        label: {
          show: true,
          position: 'right',
          color: TEXT,
          fontSize: 13,
          formatter: ({ value }) => `${value.toFixed(1)}×`,
        },
        markLine: {
          silent: true,
          symbol: 'none',
          label: { show: false },
          lineStyle: { color: TEXT, type: 'solid', width: 1.5 },
          data: [{ xAxis: 1 }],
        },
      },
    },
  };
}

function title(text, subtext) {
  return {
    text,
    subtext,
    left: 16,
    top: 10,
    padding: 0,
    itemGap: 6,
    textStyle: { fontSize: 16, color: TEXT, fontFamily: FONT },
    subtextStyle: { fontSize: 12, color: '#57606a', fontFamily: FONT },
  };
}

function subtitleOf({ machine, gpus, cuda, contenders: { rsqrt, torch } }) {
  const peer = torch === undefined ? '' : `; torch ${torch.version}`;
  const where = gpus === undefined ? `${machine.cpu}, ${rsqrt.isa}` : `${gpus[0].name}, driver ${cuda.driver}`;
  return `${where}; rsqrt ${rsqrt.version}${peer}`;
}

/** 1000 as '1 k'. */
function short(value) {
  const [unit, factor] = [
    [' G', 1e9],
    [' M', 1e6],
    [' k', 1e3],
  ].find(([, size]) => value >= size) ?? ['', 1];
  return `${Number((value / factor).toPrecision(3))}${unit}`;
}
