/** GPU work that is captured once and repeated. */

import type { DeviceGraph } from '../../binding';
import { binding } from '../load/binding';
import { type GpuName, gpuIndex } from '../memory/device';
import { RsqrtError, typeError } from '../support/errors';
import { synchronous } from '../tensor/scope';

/** The GPU whose work is being captured. Null if there is none. */
let captured: number | null = null;

export const isCapturing = (device: number): boolean => captured === device;

/** Throws `ERR_CUDA` while the work of a device is being captured. */
export function refuseCapture(device: number, where: string): void {
  if (captured !== device) return;
  throw new RsqrtError('ERR_CUDA', `${where}: a graph of cuda:${device} is being captured; do it before or after`);
}

/** Only this file makes captures. */
const key = Symbol('capture');

/**
 * GPU work that {@link cuda.graph} captured. It ends with {@link CudaGraph.dispose}, `using`, or
 * garbage collection.
 */
export class CudaGraph<T = unknown> {
  /**
   * The result of the captured function. Tensors in it that the function made have their values
   * after a replay.
   */
  readonly result: T;
  readonly #device: number;
  #graph: DeviceGraph | null;

  /** @internal */
  constructor(check: unknown, device: number, graph: DeviceGraph, result: T) {
    if (check !== key) throw typeError('CudaGraph: the constructor is not for use; cuda.graph() makes graphs');
    this.#device = device;
    this.#graph = graph;
    this.result = result;
  }

  /**
   * Queues the captured work, on the memory that it was captured with, and returns. Throws
   * `ERR_DISPOSED`, or `ERR_CUDA` while a graph of the same GPU is being captured.
   */
  replay(): void {
    if (this.#graph === null) throw new RsqrtError('ERR_DISPOSED', 'CudaGraph.replay: the graph was disposed');
    refuseCapture(this.#device, 'CudaGraph.replay');
    binding.launchGraph(this.#graph);
  }

  /**
   * Ends this graph after the queued replays, and releases the memory that only it uses. Tensors
   * stay as they are. Calling it again does nothing.
   */
  dispose(): void {
    if (this.#graph !== null) binding.releaseGraph(this.#graph);
    this.#graph = null;
  }

  /** What `using` calls: {@link CudaGraph.dispose}. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** See {@link cuda.graph}. */
export function capture<T>(fn: () => T, index: GpuName = 'cuda', where: string): CudaGraph<T> {
  const call = synchronous(fn, where);
  const device = gpuIndex(index, where);
  if (captured !== null) {
    throw new RsqrtError('ERR_CUDA', `${where}: a graph of cuda:${captured} is being captured already`);
  }
  binding.beginCapture(device);
  captured = device;
  try {
    const result = call();
    return new CudaGraph(key, device, binding.endCapture(device), result);
  } catch (error) {
    binding.abandonCapture(device); // does nothing if the capture has ended
    throw error;
  } finally {
    captured = null;
  }
}
