// The cases that are measured on a GPU. A case is as in cases.mjs, with other forms.

import { casesOf, nameOf, viewOf } from './cases.mjs';
import { DTYPES, partsOf, resultOf } from './dtypes.mjs';

/** The number of calls in a graph. */
export const GRAPH_CALLS = 20;

/**
 * Whether a form is timed by the clock or by CUDA events. `clock` means the time of the calls
 * alone, without waiting for the queue.
 */
export const GPU_FORMS = {
  out: { title: 'into a given output: rsqrt(x, { out })' },
  disposed: { title: 'new output, disposed at once: rsqrt(x).dispose()' },
  inPlace: { title: 'in place: rsqrt_(x)' },
  queued: { title: 'calls not waited for, new output, disposed at once', clock: true },
  queuedOut: { title: 'calls not waited for, into a given output', clock: true },
  graph: { title: `a graph of ${GRAPH_CALLS} calls into a given output` },
  roundTrip: { title: 'page-locked memory → device → page-locked memory, x.copy_(y, { nonBlocking: true })' },
  toDevice: { title: 'page-locked memory → device, the same' },
  toHost: { title: 'device → page-locked memory, the same' },
  roundTripPageable: { title: 'ordinary memory → device → ordinary memory, x.copy_(y)', clock: true },
};

const MIB = 2 ** 20;
const LARGE = 256 * MIB; // elements: 1 GiB of float32
const SIZES = Array.from({ length: 19 }, (_, i) => 2 ** (10 + i));
const COPIES = ['rsqrt copy', 'torch copy'];

const on = (lists) => casesOf({ form: 'out', size: LARGE, ...lists });
const WIDE = [...on({ dtype: ['float64', 'complex64'], size: LARGE / 2 }), ...on({ dtype: 'int32', size: LARGE / 2 })];
const TRANSPOSED = on({ layout: 'transposed', size: 16_384 ** 2 });
const TRANSFER = { op: 'copy', size: LARGE };

const TABLES = [
  { title: `float32, ${GPU_FORMS.out.title}`, cases: on({ size: SIZES }) },
  { title: `float32, ${GPU_FORMS.disposed.title}`, cases: on({ form: 'disposed', size: [1024, MIB, LARGE] }) },
  { title: `float32, ${GPU_FORMS.inPlace.title}`, cases: on({ form: 'inPlace', size: [1024, MIB, LARGE] }) },
  { title: 'time of a call, the queue not waited for', cases: on({ form: ['queued', 'queuedOut'], size: 1024 }) },
  { title: GPU_FORMS.graph.title, cases: on({ form: 'graph', size: 1024 }) },
  { title: 'every dtype, given output', cases: on({ dtype: Object.keys(DTYPES), size: LARGE / 4 }) },
  { title: '16-bit floats, given output', cases: on({ dtype: ['float16', 'bfloat16'] }) },
  { title: '64 bits and integers, given output', cases: WIDE },
  {
    title: 'layouts of the input, given output (16384 × 16384; every second column of that; one row for all)',
    cases: [...TRANSPOSED, ...on({ layout: 'columns', size: LARGE / 2 }), ...on({ layout: 'broadcast' })],
  },
  { title: 'random numbers', cases: on({ op: ['rand', 'randn'], form: 'disposed', size: LARGE / 4 }) },
  {
    title: 'copies between host and device',
    cases: casesOf({ ...TRANSFER, form: ['roundTrip', 'toDevice', 'toHost', 'roundTripPageable'] }),
  },
];

const atLeast = (required, over, cases) => ({ required, over, cases });

const ACCEPTANCE = [
  {
    title: 'float32, 2²⁸, out',
    checks: [atLeast(0.95, COPIES, on({})), atLeast(1, 'torch', on({}))],
  },
  {
    title: 'float16, bfloat16, 2²⁸, out',
    checks: [COPIES, 'torch'].map((over) =>
      atLeast(over === COPIES ? 0.92 : 1, over, on({ dtype: ['float16', 'bfloat16'] })),
    ),
  },
  { title: 'float64, int32, complex64, 2²⁷, out', checks: [atLeast(1, 'torch', WIDE)] },
  {
    title: '16384 × 16384 transposed, out',
    checks: [atLeast(1.5, 'torch', TRANSPOSED), atLeast(0.85, COPIES, TRANSPOSED)],
  },
  {
    title: '1,024, a call not waited for, new / out',
    checks: ['queued', 'queuedOut'].map((form) => atLeast(1, 'torch', on({ form, size: 1024 }))),
  },
  {
    title: `graph of ${GRAPH_CALLS} calls, of 1,024`,
    checks: [
      atLeast(3, 'rsqrt calls', on({ form: 'graph', size: 1024 })),
      atLeast(1, 'torch', on({ form: 'graph', size: 1024 })),
    ],
  },
  {
    title: 'host → device → host, 1 GiB, page-locked',
    checks: [atLeast(0.9, 'torch', casesOf({ ...TRANSFER, form: 'roundTrip' }))],
  },
];

/** The approximate bytes of device memory that all contenders use at the same time. */
function footprint(each, contenders) {
  const bytes = (dtype) => DTYPES[dtype].array.BYTES_PER_ELEMENT * partsOf(dtype);
  return contenders * (viewOf(each).span * bytes(each.dtype) + each.size * bytes(resultOf(each.dtype)));
}

/**
 * The tables and targets, with sizes that fit. `memory` is the memory of the device in bytes, and
 * `largest` the largest number of elements of a case.
 */
export function gpuCases({ memory, largest = Infinity, contenders }) {
  const fitted = (each) => {
    let { size } = each;
    // By 4, so that square shapes stay square.
    while (size > largest || footprint({ ...each, size }, contenders) > 0.8 * memory) size /= 4;
    return { ...each, size };
  };
  const fit = (cases) => [...new Map(cases.map(fitted).map((each) => [nameOf(each), each])).values()];
  const acceptance = ACCEPTANCE.map(({ title, checks }) => ({
    title,
    checks: checks.map((check) => ({ ...check, cases: fit(check.cases) })),
  }));
  return {
    tables: TABLES.map((table) => ({ ...table, cases: fit(table.cases) })),
    acceptance,
    acceptanceTables: acceptance.map(({ title, checks }) => ({
      title,
      cases: fit(checks.flatMap(({ cases }) => cases)),
    })),
  };
}
