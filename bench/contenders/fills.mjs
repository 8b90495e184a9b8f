// y = op(x) over typed arrays, for contiguous inputs and for views.

export const contiguous = {
  rsqrt(y, x) {
    for (let i = 0; i < y.length; i++) y[i] = 1 / Math.sqrt(x[i]);
  },
  sqrt(y, x) {
    for (let i = 0; i < y.length; i++) y[i] = Math.sqrt(x[i]);
  },
};

export const view = {
  rsqrt(y, x, [rows, columns], [down, right]) {
    for (let row = 0, i = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) y[i++] = 1 / Math.sqrt(x[row * down + column * right]);
    }
  },
  sqrt(y, x, [rows, columns], [down, right]) {
    for (let row = 0, i = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) y[i++] = Math.sqrt(x[row * down + column * right]);
    }
  },
};
