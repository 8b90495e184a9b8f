// This package on a GPU, as built. Times are measured between two events on the device, or with the
// clock.

import { createRequire } from 'node:module';
import { viewOf } from '../cases.mjs';
import { inputArray, resultOf } from '../dtypes.mjs';
import { GPU_FORMS, GRAPH_CALLS } from '../gpu-cases.mjs';
import { samplesOf } from './samples.mjs';

const rsqrt = createRequire(import.meta.url)('../..');
const { asTensor, cuda, empty, zeros } = rsqrt;
const device = 'cuda';

export const about = () => {
  const { version, cuda: found } = rsqrt.info();
  if (found.unavailableReason !== null) throw new Error(`there is no GPU: ${found.unavailableReason}`);
  return { version, runtime: found.runtime, driver: found.driver };
};

export const open = () => ({ about: about(), prepare });

/** The input of a case on the device, as a view with its shape and strides. */
export function inputOf({ dtype, size, layout }) {
  const { shape, strides, span } = viewOf({ size, layout });
  const memory = asTensor(inputArray(dtype, span), { dtype, device });
  return layout === 'contiguous' ? memory : memory.asStrided(shape, strides);
}

export const outputOf = ({ dtype }, { shape }) => zeros(shape, { dtype: resultOf(dtype), device });

/** How a case is timed, how its results are read, and how its memory is released. */
export function work({ dtype, form }, loops, tensors) {
  const [start, end] = [new cuda.Event(), new cuda.Event()];
  return {
    loops,
    time: GPU_FORMS[form].clock ? timeOfCalls : (loop, count) => timeOnDevice(loop, count, start, end),
    read: (y, indices) => {
      const flat = y.flatten();
      const samples = indices.flatMap((i) => samplesOf(dtype, flat.narrow(0, i, 1).cpu().data, [0]));
      for (const each of [flat, y]) if (!tensors.includes(each)) each.dispose();
      return samples;
    },
    release() {
      for (const each of [start, end, ...tensors]) each.dispose();
      cuda.emptyCache();
    },
  };
}

function timeOnDevice(loop, count, start, end) {
  start.record();
  loop(count);
  end.record();
  end.synchronize();
  return start.elapsedTime(end) * 1e6;
}

/** Waits for queued work before and after the calls, not between them. */
function timeOfCalls(loop, count) {
  cuda.synchronize();
  const start = process.hrtime.bigint();
  loop(count);
  const time = Number(process.hrtime.bigint() - start);
  cuda.synchronize();
  return time;
}

function prepare(each) {
  if (!rsqrt.dtypes.includes(each.dtype)) return 'the dtype is not in this build';
  if (each.op === 'copy') return prepareTransfer(each);
  if (each.op.startsWith('rand')) return prepareRandom(each);
  const op = rsqrt[each.op];
  const inPlace = rsqrt[`${each.op}_`];
  const x = inputOf(each);
  const out = outputOf(each, x);
  const disposed = (count) => {
    for (let i = 0; i < count; i++) op(x).dispose();
  };
  const into = (count) => {
    for (let i = 0; i < count; i++) op(x, { out });
    return out;
  };
  const graph = each.form === 'graph' ? cuda.graph(() => into(GRAPH_CALLS)) : undefined;
  const loops = {
    new: () => op(x),
    disposed,
    out: into,
    inPlace(count) {
      for (let i = 0; i < count; i++) inPlace(x);
      return x;
    },
    queued: disposed,
    queuedOut: into,
    graph(count) {
      for (let i = 0; i < count; i++) graph.replay();
      return out;
    },
  };
  return work(each, loops, graph === undefined ? [x, out] : [graph, x, out]);
}

/** Copies between existing memory of the host and of the device. */
function prepareTransfer(each) {
  const { dtype, size, form } = each;
  const pageable = asTensor(inputArray(dtype, size), { dtype });
  const [source, target] = form.endsWith('Pageable')
    ? [pageable, empty(size, { dtype })]
    : [pageable.pinMemory(), empty(size, { dtype }).pinMemory()];
  const onDevice = source.to(device);
  const options = { nonBlocking: true };
  const there = () => onDevice.copy_(source, options);
  const back = () => target.copy_(onDevice, options);
  const both = (count) => {
    for (let i = 0; i < count; i++) {
      there();
      back();
    }
    cuda.synchronize(); // the copies to ordinary memory are done, those to page-locked memory not yet
    return target;
  };
  const loops = {
    roundTrip: both,
    roundTripPageable: both,
    toDevice(count) {
      for (let i = 0; i < count; i++) there();
      return onDevice;
    },
    toHost(count) {
      for (let i = 0; i < count; i++) back();
      cuda.synchronize();
      return target;
    },
  };
  return work(each, loops, [source, target, onDevice]);
}

function prepareRandom(each) {
  const draw = () => rsqrt[each.op](each.size, { dtype: each.dtype, device });
  const loops = {
    new: draw,
    disposed(count) {
      for (let i = 0; i < count; i++) draw().dispose();
    },
  };
  const read = (y) => {
    y.dispose();
    return null; // each library draws other numbers
  };
  return { ...work(each, loops, []), read };
}
