/** The `cuda` object of the public API: the GPUs, their memory, and the order of their work. */

import type { DeviceMemoryStats, DeviceProperties } from '../../binding';
import { binding } from '../load/binding';
import { currentGpu, type GpuName, gpuIndex, setCurrentGpu } from '../memory/device';
import { checkWhole } from '../support/checks';
import { synchronous } from '../tensor/scope';
import { CudaEvent } from './events';
import { type CudaGraph, capture } from './graphs';

/** The properties of a GPU. */
export interface CudaDeviceProperties extends DeviceProperties {}

const indexOf = (index: GpuName = 'cuda', where: string): number => gpuIndex(index, `cuda.${where}`);

const statsOf = (index: GpuName | undefined, where: string): DeviceMemoryStats =>
  binding.deviceMemoryStats(indexOf(index, where));

/**
 * The GPUs of this machine, their memory, and the order of their work.
 *
 * Each GPU has a number, starting at 0. Functions take the number, or `'cuda:1'`. Without one they
 * use the current GPU ({@link cuda.setDevice}). All functions that take a GPU throw `TypeError` if
 * the argument does not name one, `ERR_CUDA_UNAVAILABLE` with the reason if there is no GPU, and
 * `RangeError` with the existing numbers if there is no GPU of that number.
 *
 * @example
 * ```ts
 * if (cuda.isAvailable()) {
 *   console.log(rsqrt(tensor([4, 16, 25], { device: 'cuda' })));
 *   // tensor([0.5000, 0.2500, 0.2000], device='cuda:0')
 * } else {
 *   // Something like: no driver: no NVIDIA driver is installed on this machine
 *   console.log(cuda.unavailableReason());
 * }
 * ```
 *
 * @namespace
 */
export const cuda = {
  /** Whether there is a GPU that can be used. */
  isAvailable(): boolean {
    return binding.cuda.deviceCount > 0;
  },

  /** The number of GPUs. 0 if CUDA is not available. */
  deviceCount(): number {
    return binding.cuda.deviceCount;
  },

  /**
   * Why CUDA is not available (not built with CUDA, no driver, a driver that is too old, or no
   * device), with what was found and what to do. Null if CUDA is available.
   */
  unavailableReason(): string | null {
    return binding.cuda.unavailableReason || null;
  },

  /** The name of a GPU. A simulated one says `simulated`. */
  getDeviceName(index?: GpuName): string {
    return binding.deviceProperties(indexOf(index, 'getDeviceName')).name;
  },

  /** The name, compute capability and memory (bytes) of a GPU. */
  getDeviceProperties(index?: GpuName): CudaDeviceProperties {
    return binding.deviceProperties(indexOf(index, 'getDeviceProperties'));
  },

  /** The number of the current GPU, which `'cuda'` means. */
  currentDevice(): number {
    return currentGpu();
  },

  /**
   * Chooses the current GPU, which `'cuda'` means and functions use when they are given none. Each
   * worker, and each copy of the package, has its own choice. Tensors stay where they are.
   *
   * @example
   * ```ts
   * cuda.setDevice(1);
   * console.log(cuda.currentDevice(), zeros(2, { device: 'cuda' }).device); // 1 cuda:1
   * ```
   */
  setDevice(device: GpuName): void {
    setCurrentGpu(gpuIndex(device, 'cuda.setDevice', 'device'));
  },

  /**
   * Waits for all work queued on a GPU. Reading a tensor waits by itself. Use this to measure time,
   * or to get errors here and not later. Throws `ERR_CUDA`.
   */
  synchronize(index?: GpuName): void {
    binding.synchronize(indexOf(index, 'synchronize'));
  },

  /**
   * Calls a function, and queues its GPU work on another stream, in parallel with what was queued
   * before. Returns the function's result. Calls may be nested. Throws `TypeError` if `fn` is not a
   * function or returns a promise, because the stream would not apply to what runs after its first
   * `await`.
   *
   * Unlike in torch, nothing needs to be synchronised. Work on the same memory is done in the order
   * of the calls, on whatever streams, so results can be used anywhere at once, and inputs can be
   * disposed at once.
   *
   * @example
   * ```ts
   * const x = arange(1, 5, { device: 'cuda' });
   * const y = cuda.stream(() => x.square());
   * console.log(y.rsqrt().at(3)); // 0.25
   * ```
   */
  stream<T>(fn: () => T, index?: GpuName): T {
    const call = synchronous(fn, 'cuda.stream');
    const device = indexOf(index, 'stream');
    const previous = binding.enterStream(device);
    try {
      return call();
    } finally {
      binding.leaveStream(device, previous);
    }
  },

  /** A mark in the work of a GPU. See {@link CudaEvent}. */
  Event: CudaEvent,

  /**
   * Captures the GPU work of a function, so that all of it can be repeated with one call.
   *
   * The function is called once. Its work is not done then, but by each {@link CudaGraph.replay},
   * on the same memory each time. So let it work on tensors that were made before, and write new
   * values into them with `copy_`. The results are in tensors that were made before, or in those
   * that the function made and returned ({@link CudaGraph.result}). The graph keeps the memory that
   * its work needs, even when tensors are disposed.
   *
   * The function must not read from the GPU, wait for it, copy from the CPU or to other GPUs, draw
   * random numbers, or capture another graph; these throw `ERR_CUDA`. Numbers that are written, as
   * by `fill_` and `zeros`, are part of the graph. If the function throws, nothing is kept and the
   * error is passed on. Throws `TypeError` if `fn` is not a function or returns a promise.
   *
   * @example
   * ```ts
   * const x = ones(3, { device: 'cuda' });
   * using graph = cuda.graph(() => x.square().rsqrt());
   * x.copy_(tensor([1, 2, 4]));
   * graph.replay();
   * console.log(graph.result); // tensor([1.0000, 0.5000, 0.2500], device='cuda:0')
   * ```
   */
  graph<T>(fn: () => T, index?: GpuName): CudaGraph<T> {
    return capture(fn, index, 'cuda.graph');
  },

  /**
   * Bytes of a GPU's memory that undisposed tensors use and graphs keep. Like all numbers here, it
   * is about this copy of the package in this worker. Garbage tensors count until the collector has
   * run.
   *
   * @example
   * ```ts
   * const before = cuda.memoryAllocated();
   * using x = zeros(1024, { device: 'cuda' });
   * console.log(cuda.memoryAllocated() - before >= 4096); // true
   * ```
   */
  memoryAllocated(index?: GpuName): number {
    return statsOf(index, 'memoryAllocated').allocated;
  },

  /**
   * The highest value of {@link cuda.memoryAllocated} since the start or since
   * {@link cuda.resetPeakMemoryStats}.
   */
  maxMemoryAllocated(index?: GpuName): number {
    return statsOf(index, 'maxMemoryAllocated').maxAllocated;
  },

  /** Bytes taken from a GPU: allocated, or kept for the next tensors. */
  memoryReserved(index?: GpuName): number {
    return statsOf(index, 'memoryReserved').reserved;
  },

  /** Makes {@link cuda.maxMemoryAllocated} start again from the present value. */
  resetPeakMemoryStats(index?: GpuName): void {
    binding.resetPeakMemoryStats(indexOf(index, 'resetPeakMemoryStats'));
  },

  /** The free and the total bytes of a GPU's memory, for all processes. */
  memGetInfo(index?: GpuName): { free: number; total: number } {
    const { free, total } = statsOf(index, 'memGetInfo');
    return { free, total };
  },

  /**
   * Sets how many bytes of a GPU's memory may be allocated at the same time, as
   * {@link cuda.memoryAllocated} counts them. Infinity, the initial value, means no limit.
   * Allocating more throws `ERR_OUT_OF_MEMORY`, which leaves memory to other users of the GPU.
   * Throws `TypeError` or `RangeError` unless `bytes` is a whole number or Infinity.
   *
   * @example
   * ```ts
   * cuda.setMemoryLimit(2 ** 20);
   * try {
   *   zeros(2 ** 20, { device: 'cuda' });
   * } catch (error) {
   *   console.log((error as RsqrtError).code); // ERR_OUT_OF_MEMORY
   * }
   * ```
   */
  setMemoryLimit(bytes: number, index?: GpuName): void {
    const limit = bytes === Number.POSITIVE_INFINITY ? bytes : checkWhole(bytes, 'cuda.setMemoryLimit: bytes');
    binding.setMemoryLimit(indexOf(index, 'setMemoryLimit'), limit);
  },

  /** How many bytes may be allocated at the same time. Infinity if there is no limit. */
  getMemoryLimit(index?: GpuName): number {
    return statsOf(index, 'getMemoryLimit').limit;
  },

  /**
   * Returns the kept memory of disposed tensors to the GPUs once the work that uses it is done, and
   * frees kept page-locked memory. Applies to all GPUs. Does nothing if there is none. For CPU
   * memory see {@link emptyCache}.
   */
  emptyCache(): void {
    if (binding.cuda.deviceCount > 0) binding.emptyDeviceCache();
  },
} as const;
