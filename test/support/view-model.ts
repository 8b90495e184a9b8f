/**
 * A slow and obvious model of views: a shape, and a function from an index to a position in the
 * storage. Nothing here uses strides; where torch's rules depend on them, they are found by trial.
 */

export interface Model {
  readonly shape: readonly number[];
  /** The position in the storage of the element at an index. */
  readonly at: (index: readonly number[]) => number;
}

export const numel = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** All indices of a shape, row by row. */
export function indices(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (starts, size) => starts.flatMap((start) => Array.from({ length: size }, (_, i) => [...start, i])),
    [[]],
  );
}

/** The positions of all elements, row by row. */
export const positionsOf = (model: Model): number[] => indices(model.shape).map(model.at);

/** The position of an index, counting row by row. */
const rankOf = (index: readonly number[], shape: readonly number[]): number =>
  index.reduce((rank, i, dim) => rank * shape[dim] + i, 0);

function indexOf(rank: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  let rest = rank;
  for (const size of [...shape].reverse()) {
    index.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return index;
}

/** A copy without the entry of a dimension. */
const without = <T>(list: readonly T[], dim: number): T[] => list.filter((_, i) => i !== dim);
/** A copy with another entry, before that of a dimension. */
const inserted = <T>(list: readonly T[], dim: number, entry: T): T[] => [
  ...list.slice(0, dim),
  entry,
  ...list.slice(dim),
];
const replaced = <T>(list: readonly T[], dim: number, entry: T): T[] =>
  list.map((each, i) => (i === dim ? entry : each));

// ---------------------------------------------------------------- the views

export const reshape = (of: Model, shape: readonly number[]): Model => ({
  shape,
  at: (index) => of.at(indexOf(rankOf(index, shape), of.shape)),
});

/** `order[i]` is the dimension that becomes the i-th. */
export const permute = (of: Model, order: readonly number[]): Model => ({
  shape: order.map((dim) => of.shape[dim]),
  at: (index) => of.at(order.map((_, dim) => index[order.indexOf(dim)])),
});

export const slice = (of: Model, dim: number, start: number, end: number, step: number): Model => {
  const chosen = Array.from({ length: of.shape[dim] }, (_, i) => i)
    .slice(start, end)
    .filter((_, i) => i % step === 0);
  return {
    shape: replaced(of.shape, dim, chosen.length),
    at: (index) => of.at(replaced(index, dim, chosen[index[dim]])),
  };
};

export const select = (of: Model, dim: number, i: number): Model => ({
  shape: without(of.shape, dim),
  at: (index) => of.at(inserted(index, dim, i)),
});

/** Adds dimensions in front, and repeats dimensions of size 1. */
export const expand = (of: Model, shape: readonly number[]): Model => ({
  shape,
  at: (index) => of.at(index.slice(shape.length - of.shape.length).map((i, dim) => (of.shape[dim] === 1 ? 0 : i))),
});

export const unsqueeze = (of: Model, dim: number): Model => ({
  shape: inserted(of.shape, dim, 1),
  at: (index) => of.at(without(index, dim)),
});

export const squeeze = (of: Model, dims: readonly number[]): Model => {
  const gone = dims.filter((dim) => of.shape[dim] === 1).sort((a, b) => a - b);
  return {
    shape: of.shape.filter((_, dim) => !gone.includes(dim)),
    at: (index) => of.at(gone.reduce<number[]>((longer, dim) => inserted(longer, dim, 0), [...index])),
  };
};

export const unfold = (of: Model, dim: number, size: number, step: number): Model => ({
  shape: [...replaced(of.shape, dim, Math.floor((of.shape[dim] - size) / step) + 1), size],
  at: (index) => of.at(replaced(index.slice(0, -1), dim, index[dim] * step + index[of.shape.length])),
});

export const diagonal = (of: Model, offset: number, dim1: number, dim2: number): Model => {
  const pairs = indices([of.shape[dim1], of.shape[dim2]]).filter(([row, column]) => column - row === offset);
  const rest = [...of.shape.keys()].filter((dim) => dim !== dim1 && dim !== dim2);
  return {
    shape: [...rest.map((dim) => of.shape[dim]), pairs.length],
    at: (index) => {
      const [row, column] = pairs[index[rest.length]];
      return of.at(of.shape.map((_, dim) => (dim === dim1 ? row : dim === dim2 ? column : index[rest.indexOf(dim)])));
    },
  };
};

// ---------------------------------------------------------------- strides, found by trial

/**
 * The strides that give these positions, or null if none do. The stride is 0 where the dimension
 * has too few elements to have one.
 */
export function stridesOf(model: Model): number[] | null {
  const all = indices(model.shape);
  if (all.length === 0) return model.shape.map(() => 0);
  const origin = all[0];
  const start = model.at(origin);
  const strides = model.shape.map((size, dim) => (size > 1 ? model.at(replaced(origin, dim, 1)) - start : 0));
  const affine = (index: readonly number[]) => index.reduce((sum, i, dim) => sum + i * strides[dim], start);
  return all.every((index) => model.at(index) === affine(index)) ? strides : null;
}

/** Whether the positions follow each other. */
export const isContiguous = (model: Model): boolean =>
  positionsOf(model).every((position, i, all) => position === all[0] + i);

/** Whether two indices have the same position. */
export const sharesElements = (model: Model): boolean => {
  const all = positionsOf(model);
  return new Set(all).size !== all.length;
};
