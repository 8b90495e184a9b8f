// The dtypes, and the input: the same values for all contenders, in whatever type holds them.

/**
 * The array that holds a dtype. `bits` of the significand are stored (floating point only). A
 * complex number has two `parts`.
 */
export const DTYPES = {
  float16: { array: Uint16Array, bits: 10 },
  bfloat16: { array: Uint16Array, bits: 7 },
  float32: { array: Float32Array, bits: 23 },
  float64: { array: Float64Array, bits: 52 },
  complex64: { array: Float32Array, bits: 23, parts: 2 },
  complex128: { array: Float64Array, bits: 52, parts: 2 },
  int8: { array: Int8Array },
  uint8: { array: Uint8Array },
  int16: { array: Int16Array },
  int32: { array: Int32Array },
  int64: { array: BigInt64Array },
  bool: { array: Uint8Array },
};

/** Integers and bool are computed in float32. */
export const resultOf = (dtype) => (DTYPES[dtype].bits === undefined ? 'float32' : dtype);

export const partsOf = (dtype) => DTYPES[dtype].parts ?? 1;

/** The numbers of `size` elements, in memory order. */
export const lengthOf = (dtype, size) => size * partsOf(dtype);

const PERIOD = 65_536;

// Random-looking enough that nothing can be predicted, and fast to make. torch_worker.py computes
// the same values.
const keyAt = (i) => (((i % PERIOD) * 40_503) >>> 6) & 1023;
const significandOf = (key) => key & 127;
const exponentOf = (key) => (key >> 7) - 4;

/**
 * The number at position `i` of the input's memory: 2⁻⁴ to 2⁴ with 8 bits, exact in every float
 * dtype; for integers, 1 to 100.
 */
export function valueAt(dtype, i) {
  const key = keyAt(i);
  if (dtype === 'bool') return key & 1;
  if (DTYPES[dtype].bits === undefined) return 1 + (key % 100);
  return (1 + significandOf(key) / 128) * 2 ** exponentOf(key);
}

/** The same number as it is stored. */
function storedAt(dtype, i) {
  const key = keyAt(i);
  switch (dtype) {
    case 'float16':
      return ((exponentOf(key) + 15) << 10) | (significandOf(key) << 3);
    case 'bfloat16':
      return ((exponentOf(key) + 127) << 7) | significandOf(key);
    case 'int64':
      return BigInt(valueAt(dtype, i));
    default:
      return valueAt(dtype, i);
  }
}

/** The memory of an input of `size` elements. */
export function inputArray(dtype, size) {
  const array = new DTYPES[dtype].array(lengthOf(dtype, size));
  const head = array.subarray(0, PERIOD);
  for (let i = 0; i < head.length; i++) head[i] = storedAt(dtype, i);
  for (let i = PERIOD; i < array.length; i += PERIOD) array.set(head.subarray(0, array.length - i), i);
  return array;
}

export const emptyArray = (dtype, size) => new DTYPES[dtype].array(lengthOf(dtype, size));

/** Decodes a stored number of a result dtype. */
export function numberOf(dtype, stored) {
  if (dtype === 'float16') return floatOf(stored, 10, 15);
  if (dtype === 'bfloat16') return floatOf(stored, 7, 127);
  return Number(stored);
}

/** For a normal, positive number; results have no others here. */
function floatOf(stored, bits, bias) {
  return (1 + (stored & ((1 << bits) - 1)) / (1 << bits)) * 2 ** ((stored >> bits) - bias);
}
