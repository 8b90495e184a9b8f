// What is timed in Node: `count` calls, one function for each contender and form, so that each is
// compiled for itself. A new output is kept until the next one is there, as in a program, so that
// the compiler cannot do without it.

export const rsqrtOf = ({ info, rsqrt, rsqrt_, tensor }) => ({
  about: info(),
  wrap: tensor,
  loops: {
    new(x, _out, count) {
      let y;
      for (let i = 0; i < count; i++) y = rsqrt(x);
      return y;
    },
    disposed(x, _out, count) {
      for (let i = 0; i < count; i++) rsqrt(x).dispose();
    },
    out(x, out, count) {
      for (let i = 0; i < count; i++) rsqrt(x, { out });
    },
    inPlace(x, _out, count) {
      for (let i = 0; i < count; i++) rsqrt_(x);
    },
  },
});

const plain = { about: {}, wrap: (array) => array };

function fill(out, x) {
  for (let i = 0; i < x.length; i++) out[i] = Math.fround(1 / Math.sqrt(x[i]));
}

export const javaScript = {
  ...plain,
  loops: {
    new(x, _out, count) {
      let y;
      for (let i = 0; i < count; i++) {
        y = new Float32Array(x.length);
        fill(y, x);
      }
      return y;
    },
    out(x, out, count) {
      for (let i = 0; i < count; i++) fill(out, x);
    },
    inPlace(x, _out, count) {
      for (let i = 0; i < count; i++) fill(x, x);
    },
  },
};

/** How fast memory is read and written, which bounds the large sizes. */
export const copy = {
  ...plain,
  loops: {
    out(x, out, count) {
      for (let i = 0; i < count; i++) out.set(x);
    },
  },
};
