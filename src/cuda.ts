/** The `cuda` object of the public face: what GPUs there are, their memory, and the order of their work. */

import type { DeviceMemoryStats, DeviceProperties } from '../binding';
import { binding } from './binding';
import { checkWhole } from './checks';
import { CudaEvent } from './cuda-events';
import { type CudaGraph, capture } from './cuda-graphs';
import { currentGpu, type GpuName, gpuIndex, setCurrentGpu } from './device';
import { synchronous } from './scope';

/** What is known of a GPU. */
export interface CudaDeviceProperties extends DeviceProperties {}

const indexOf = (index: GpuName = 'cuda', where: string): number => gpuIndex(index, `cuda.${where}`);

const statsOf = (index: GpuName | undefined, where: string): DeviceMemoryStats =>
  binding.deviceMemoryStats(indexOf(index, where));

/**
 * GPUs: which there are, their memory, and the order of their work.
 *
 * Each has a number, from 0 on. Functions take it, or `'cuda:1'`; where none is given, the current GPU is meant
 * ({@link cuda.setDevice}). All that name one throw `TypeError` for what is no such name, `ERR_CUDA_UNAVAILABLE` if there is no
 * GPU, with the reason, and `RangeError` if there is none of that number, with those there are.
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
   * Why CUDA is not available: not built, no driver, driver too old or no device, with what was found and what to do; null if
   * it is.
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

  /** The number of the GPU that 'cuda' means. */
  currentDevice(): number {
    return currentGpu();
  },

  /**
   * Chooses the GPU that 'cuda' means, and functions to which none is given. Each worker, and each copy of the package, has a
   * choice of its own. Tensors stay where they are.
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
   * Waits for all work queued on a GPU. Reading a tensor waits by itself, so this is for measuring time, and for meeting errors
   * here rather than later. Throws `ERR_CUDA`.
   */
  synchronize(index?: GpuName): void {
    binding.synchronize(indexOf(index, 'synchronize'));
  },

  /**
   * Calls a function, and queues the work that it has a GPU do on another stream, beside what was queued before. Returns what it
   * returns. Calls may be nested. Throws `TypeError` if `fn` is no function, or returns a promise: what runs after its first
   * `await` would not be meant.
   *
   * Unlike in torch there is nothing to synchronise: work on the same memory is done in the order of the calls, whatever its streams,
   * so results can be used everywhere at once, and inputs disposed.
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

  /** A mark in the work of a GPU: see {@link CudaEvent}. */
  Event: CudaEvent,

  /**
   * Captures the work that a function has a GPU do, to have it done again and again at the cost of one call.
   *
   * The function is called once, and its work is not done meanwhile, but by {@link CudaGraph.replay}, on the same memory each time. So
   * it is to work on tensors made before, into which new values are written by `copy_`, and its results are found in tensors made
   * before, or in those that it made itself and returned: {@link CudaGraph.result}. The memory that the work needs stays with the
   * graph, also when tensors are disposed.
   *
   * Refused in the function, by `ERR_CUDA`: reading from the GPU and waiting for it, copies from the CPU (also of the one element
   * that `fill_` and `zeros` copy) and to other GPUs, random numbers, and capturing another graph. If the function throws, nothing is
   * kept and the error passed on. Throws `TypeError` if `fn` is no function, or returns a promise.
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
   * Bytes of a GPU's memory that tensors have, disposed ones not, and that graphs keep; of this copy of the package in this worker,
   * as all that is counted here. What was left to the garbage collector counts until that has run.
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

  /** The most that {@link cuda.memoryAllocated} was, since the start or {@link cuda.resetPeakMemoryStats}. */
  maxMemoryAllocated(index?: GpuName): number {
    return statsOf(index, 'maxMemoryAllocated').maxAllocated;
  },

  /** Bytes taken from a GPU: what is allocated, and what is kept for the next tensors. */
  memoryReserved(index?: GpuName): number {
    return statsOf(index, 'memoryReserved').reserved;
  },

  /** Has {@link cuda.maxMemoryAllocated} begin anew. */
  resetPeakMemoryStats(index?: GpuName): void {
    binding.resetPeakMemoryStats(indexOf(index, 'resetPeakMemoryStats'));
  },

  /** Bytes of a GPU's memory that are free, and all it has: for all processes. */
  memGetInfo(index?: GpuName): { free: number; total: number } {
    const { free, total } = statsOf(index, 'memGetInfo');
    return { free, total };
  },

  /**
   * Sets how many bytes of a GPU's memory may be allocated at a time, as {@link cuda.memoryAllocated} counts them; Infinity, as at the
   * start, for no limit. More is `ERR_OUT_OF_MEMORY`, which leaves memory to others on the same GPU. Throws `TypeError` or
   * `RangeError` for what is neither a whole number nor Infinity.
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

  /** How many bytes may be allocated at a time; Infinity if there is no limit. */
  getMemoryLimit(index?: GpuName): number {
    return statsOf(index, 'getMemoryLimit').limit;
  },

  /**
   * Gives back the GPU memory of ended tensors that is kept for the next ones, once the work that uses it is done, and the same of
   * page-locked memory; of all GPUs. Does nothing where there is none. See {@link emptyCache} for the memory of the CPU.
   */
  emptyCache(): void {
    if (binding.cuda.deviceCount > 0) binding.emptyDeviceCache();
  },
} as const;
