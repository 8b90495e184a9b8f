// ONNX models of one row of operators, written by hand: https://onnx.ai/onnx/repo-docs/IR.html, as Protocol Buffers.

const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** How ONNX numbers the element types. */
const elementTypes = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
};

function varint(value) {
  const bytes = [];
  for (; value > 127; value >>= 7) bytes.push((value & 127) | 128);
  return [...bytes, value];
}

const number = (field, value) => [...varint((field << 3) | VARINT), ...varint(value)];
const text = (field, value) => message(field, [...Buffer.from(value)]);
const message = (field, ...parts) => {
  const bytes = parts.flat();
  return [...varint((field << 3) | LENGTH_DELIMITED), ...varint(bytes.length), ...bytes];
};

/** A model that applies operators one after the other to `x`, a tensor of `ndim` dimensions; its result is `y`. */
export function model(type, ndim, operators) {
  const names = ['x', ...operators.slice(1).map((_, i) => `between${i}`), 'y'];
  const nodes = operators.map((name, i) => message(1, text(1, names[i]), text(2, names[i + 1]), text(4, name)));
  const sizes = Array.from({ length: ndim }, (_, i) => message(1, text(2, `size${i}`)));
  const value = (field, name) =>
    message(field, text(1, name), message(2, message(1, number(1, elementTypes[type]), message(2, ...sizes))));
  const graph = message(7, ...nodes, text(2, 'graph'), value(11, 'x'), value(12, 'y'));
  const irVersion = number(1, 8);
  const operatorSet = message(8, number(2, 17));
  return Uint8Array.from([...irVersion, ...graph, ...operatorSet]);
}
