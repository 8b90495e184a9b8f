/**
 * The values that integer dtypes can hold. Imports nothing at run time, so that the command can use
 * it before the addon is loaded.
 */

import type { DType } from './dtype';

/** The lowest and the highest value of a dtype; nothing for dtypes that are not integers. */
export type Limits = Readonly<Partial<Record<DType, readonly [low: bigint, high: bigint]>>>;

/** What the integer dtypes can hold. */
export const INTEGER_LIMITS: Limits = {
  int8: [-(2n ** 7n), 2n ** 7n - 1n],
  uint8: [0n, 2n ** 8n - 1n],
  int16: [-(2n ** 15n), 2n ** 15n - 1n],
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
};
