// Makes a model y = op(x) in the ONNX format, a Protocol Buffers message. Field numbers are those
// of onnx.proto3.

const TYPES = { float32: 1, uint8: 2, int8: 3, int16: 5, int32: 6, int64: 7, bool: 9, float16: 10, float64: 11 };

const IR_VERSION = 8;
const OPSET_VERSION = 17;

/** Whether ONNX Runtime's JavaScript interface has tensors of this dtype. */
export const hasType = (dtype) => dtype in TYPES;

/**
 * rsqrt is Sqrt and Reciprocal, as exporters write it. A model that computes in another dtype
 * begins with a Cast to it.
 */
export function model(op, dtype, computeDtype) {
  const steps = [
    ...(dtype === computeDtype ? [] : [['Cast', [field(1, 'to'), field(3, TYPES[computeDtype]), field(20, 2)]]]),
    ['Sqrt'],
    ...(op === 'rsqrt' ? [['Reciprocal']] : []),
  ];
  const valueBefore = (i) => (i === 0 ? 'x' : i === steps.length ? 'y' : `step${i}`);
  const nodes = steps.map(([type, attribute], i) => {
    const attributes = attribute === undefined ? [] : [field(5, attribute)];
    return [field(1, valueBefore(i)), field(2, valueBefore(i + 1)), field(4, type), ...attributes];
  });
  const graph = [
    ...nodes.map((node) => field(1, node)),
    field(2, op),
    field(11, tensorInfo('x', dtype)),
    field(12, tensorInfo('y', computeDtype)),
  ];
  return Buffer.concat([field(1, IR_VERSION), field(7, graph), field(8, [field(2, OPSET_VERSION)])]);
}

/** A one-dimensional tensor of any length. */
function tensorInfo(name, dtype) {
  const dimension = [field(2, 'length')];
  const type = [field(1, TYPES[dtype]), field(2, [field(1, dimension)])];
  return [field(1, name), field(2, [field(1, type)])];
}

/** A field of a message: a small number, a string, or a message as a list of its fields. */
function field(number, value) {
  if (typeof value === 'number') return Buffer.from([...varint(number << 3), ...varint(value)]);
  const bytes = typeof value === 'string' ? Buffer.from(value) : Buffer.concat(value);
  return Buffer.from([...varint((number << 3) | 2), ...varint(bytes.length), ...bytes]);
}

/** Seven bits per byte, lowest first. The high bit says that another byte follows. */
function varint(value) {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >> 7)];
}
