// Computes known results with the addon and the instruction set of RSQRT_BINARY and RSQRT_ISA. Runs
// in a separate process, because an addon that was built wrongly may crash it. Prints one JSON
// object: the output of `info`, and a sentence for each wrong result.

import { createRequire } from 'node:module';

const { asTensor, info, rsqrt } = createRequire(import.meta.url)('../../dist/index.js');

/**
 * Bits of x and of the correctly rounded 1/√x: an ordinary number, the smallest and the largest
 * subnormal, the smallest and the largest normal number, the neighbours of 1, another ordinary
 * number; 0, -0, -1, inf, -inf, NaN. float64 ends with two inputs whose results are nearly halfway
 * between two floats. Computed with exact integers.
 */
const known = {
  float16:
    '4200:389e 0001:6c00 03ff:5801 0400:5800 7bff:1c00 3c01:3bff 3bff:3c00 4900:350f ' +
    '0000:7c00 8000:fc00 bc00:7e00 7c00:0000 fc00:7e00 7e00:7e00',
  bfloat16:
    '4040:3f14 0001:60b5 007f:5f01 0080:5f00 7f7f:1f80 3f81:3f7f 3f7f:3f80 4120:3ea2 ' +
    '0000:7f80 8000:ff80 bf80:7fc0 7f80:0000 ff80:7fc0 7fc0:7fc0',
  float32:
    '40400000:3f13cd3a 00000001:64b504f3 007fffff:5f000001 00800000:5f000000 7f7fffff:1f800000 3f800001:3f7fffff ' +
    '3f7fffff:3f800000 42f6e979:3db85212 00000000:7f800000 80000000:ff800000 bf800000:7fc00000 7f800000:00000000 ' +
    'ff800000:7fc00000 7fc00000:7fc00000',
  float64:
    '4008000000000000:3fe279a74590331c 0000000000000001:6180000000000000 000fffffffffffff:5fe0000000000001 ' +
    '0010000000000000:5fe0000000000000 7fefffffffffffff:1ff0000000000000 3ff0000000000001:3fefffffffffffff ' +
    '3fefffffffffffff:3ff0000000000000 405edd2f1a9fbe77:3fb70a424598b572 0000000000000000:7ff0000000000000 ' +
    '8000000000000000:fff0000000000000 bff0000000000000:7ff8000000000000 7ff0000000000000:0000000000000000 ' +
    'fff0000000000000:7ff8000000000000 7ff8000000000000:7ff8000000000000 3ffa6a9cc15abcce:3fe8e77a118a3095 ' +
    '400ffffffffffffe:3fe0000000000001',
};

/**
 * The number of rows of the matrix that is computed. With the columns, they more than fill the
 * widest vectors and leave a remainder.
 */
const ROWS = 37;

const views = {
  contiguous: (x) => x,
  'a view of rows': (x) => x.narrow(1, 1, 7),
  'a view of columns': (x) => x.narrow(1, 1, 7).t(),
};

/** The bits of elements as hexadecimal words, in the reverse of their byte order in memory. */
const toBytes = (hex) => Buffer.concat(hex.map((word) => Buffer.from(word, 'hex').reverse()));
function toHex(tensor) {
  const { buffer, byteOffset, byteLength, BYTES_PER_ELEMENT: size } = tensor.cpu().contiguous().data;
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  return Array.from({ length: byteLength / size }, (_, i) =>
    Buffer.from(bytes.subarray(i * size, (i + 1) * size))
      .reverse()
      .toString('hex'),
  );
}

/** A sentence for the first wrong result of each dtype and view, on one device. */
function* wrongResults(device, where) {
  for (const [dtype, table] of Object.entries(known)) {
    const pairs = table.split(' ').map((pair) => pair.split(':'));
    const matrix = (column) => {
      const row = toBytes(pairs.map((pair) => pair[column]));
      return asTensor(Buffer.concat(Array(ROWS).fill(row)), { dtype, shape: [ROWS, pairs.length], device });
    };
    for (const [name, view] of Object.entries(views)) {
      const [input, expected, result] = [view(matrix(0)), view(matrix(1)), rsqrt(view(matrix(0)))].map(toHex);
      const i = result.findIndex((bits, at) => bits !== expected[at]);
      if (i >= 0) {
        yield `rsqrt of ${dtype} 0x${input[i]} (${name}) is 0x${result[i]} on ${where}, not 0x${expected[i]}`;
      }
    }
  }
}

const { isa, availableIsas, cuda } = info();
const devices = cuda.devices.map(({ name }, i) => ({ device: `cuda:${i}`, where: name }));
const wrong = [{ device: 'cpu', where: isa }, ...devices].flatMap(({ device, where }) => [
  ...wrongResults(device, where),
]);
console.log(JSON.stringify({ availableIsas, cuda, wrong }));
