// The cases that are measured. A case is { op, dtype, size, layout, form, threads, isa }. `size` is
// the number of elements computed. `isa` is the instruction set forced on contenders that allow it,
// or null.

export const FORMS = {
  new: 'new output, left to the collector: y = rsqrt(x)',
  disposed: 'new output, disposed at once: rsqrt(x).dispose()',
  out: 'into a given output: rsqrt(x, { out })',
  inPlace: 'in place: rsqrt_(x)',
};

const LARGE = 16_777_216;
const HUGE = 67_108_864;

const DEFAULTS = {
  op: 'rsqrt',
  dtype: 'float32',
  size: LARGE,
  layout: 'contiguous',
  form: 'new',
  threads: 1,
  isa: null,
};

/** All combinations of the given lists; everything else has the defaults above. */
export function casesOf(lists) {
  let cases = [DEFAULTS];
  for (const [name, values] of Object.entries(lists)) {
    cases = cases.flatMap((each) => [values].flat().map((value) => ({ ...each, [name]: value })));
  }
  return cases;
}

const MIDDLE = [32_768, 262_144, 1_048_576, 4_194_304];
const SIZES = [4, 64, 1024, 4096, ...MIDDLE, LARGE];
const DTYPES = 'float16 bfloat16 float32 float64 complex64 complex128 int8 uint8 int16 int32 int64 bool'.split(' ');
const TRANSPOSED = { layout: 'transposed', size: 4096 * 4096 };
const COLUMNS = { layout: 'columns', size: 4096 * 2048 };

/** The tables of a whole run. */
export const TABLES = [
  ...Object.entries(FORMS).map(([form, title]) => ({
    title: `float32, ${title}`,
    cases: casesOf({ form, size: form === 'out' ? [...SIZES, HUGE] : SIZES }),
  })),
  { title: 'every dtype, new output', cases: casesOf({ dtype: DTYPES }) },
  { title: 'every dtype in the cache, given output', cases: casesOf({ dtype: DTYPES, form: 'out', size: 262_144 }) },
  {
    title: 'layouts of the input (4096 × 4096 transposed; every second column of that)',
    cases: [...casesOf({ ...TRANSPOSED, form: ['new', 'out'] }), ...casesOf({ ...COLUMNS, form: ['new', 'out'] })],
  },
  { title: 'sqrt', cases: casesOf({ op: 'sqrt', form: ['new', 'out'], size: [1024, 262_144, LARGE] }) },
  { title: 'two threads', cases: casesOf({ threads: 2, form: ['new', 'out'], size: [262_144, LARGE] }) },
  { title: 'AVX2 forced', cases: casesOf({ isa: 'avx2', form: 'out', size: [1024, 262_144] }) },
];

const atLeast = (required, lists, over = 'torch') => ({ required, cases: casesOf(lists), over });

/**
 * The targets. A line is met if each of its cases is `required` times faster than the contender
 * `over`.
 */
export const ACCEPTANCE = [
  { title: 'float32, 4 elements, new', checks: [atLeast(5, { size: 4 })] },
  { title: '1,024 / 4,096 elements, new', checks: [atLeast(2, { size: 1024 }), atLeast(1.2, { size: 4096 })] },
  { title: '32,768 to 4 M, new, disposed at once', checks: [atLeast(1.1, { size: MIDDLE, form: 'disposed' })] },
  { title: '32,768 to 4 M, new, left to the collector', checks: [atLeast(0.95, { size: MIDDLE })] },
  { title: '16.8 M, new / disposed at once', checks: [atLeast(2.3, {}), atLeast(5, { form: 'disposed' })] },
  { title: '1,024, out', checks: [atLeast(3, { size: 1024, form: 'out' })] },
  { title: '16.8 M and 67 M, out', checks: [atLeast(1.1, { size: [LARGE, HUGE], form: 'out' })] },
  {
    title: 'in place, 4,096 to 16.8 M',
    checks: [atLeast(1, { size: [4096, ...MIDDLE, LARGE], form: 'inPlace' })],
  },
  { title: 'float16, bfloat16, 16.8 M, new', checks: [atLeast(2.5, { dtype: ['float16', 'bfloat16'] })] },
  { title: 'float64, 16.8 M, new', checks: [atLeast(2, { dtype: 'float64' })] },
  { title: 'int32, uint8, int64, 16.8 M, new', checks: [atLeast(3, { dtype: ['int32', 'uint8', 'int64'] })] },
  { title: 'complex64, 16.8 M, new', checks: [atLeast(5, { dtype: 'complex64' })] },
  { title: '4096 × 4096 transposed / every second column, new', checks: [atLeast(2, TRANSPOSED), atLeast(2, COLUMNS)] },
  { title: 'two threads, 16.8 M, new', checks: [atLeast(2.3, { threads: 2 })] },
  { title: 'AVX2 forced, 262,144, out', checks: [atLeast(0.95, { isa: 'avx2', form: 'out', size: 262_144 })] },
  {
    title: 'two threads, 16.8 M, out, of a streaming copy',
    checks: [atLeast(0.85, { threads: 2, form: 'out' }, 'streaming copy')],
  },
];

/** The contenders that appear in the targets, and the version before. */
export const ACCEPTANCE_CONTENDERS = ['rsqrt', 'before', 'torch', 'streaming copy'];

export function acceptanceTables() {
  return ACCEPTANCE.map(({ title, checks }) => ({ title, cases: checks.flatMap(({ cases }) => cases) }));
}

/** 'rsqrt float32 contiguous new 1024 1-thread': the name that --filter searches, and a key. */
export function nameOf({ op, dtype, size, layout, form, threads, isa }) {
  const words = [op, dtype, layout, form, size, `${threads}-thread`];
  return (isa === null ? words : [...words, isa]).join(' ');
}

/**
 * The shape of the input. For a layout that is not contiguous, also the strides of a view on its
 * memory, in elements.
 */
export function viewOf({ size, layout }) {
  switch (layout) {
    case 'transposed': {
      const side = Math.sqrt(size);
      return { shape: [side, side], strides: [1, side], span: size };
    }
    case 'columns': {
      const rows = 2 ** Math.ceil(Math.log2(size) / 2);
      const columns = size / rows;
      return { shape: [rows, columns], strides: [2 * columns, 2], span: 2 * size };
    }
    case 'broadcast': {
      const side = Math.sqrt(size);
      return { shape: [side, side], strides: [0, 1], span: side };
    }
    default:
      return { shape: [size], strides: [1], span: size };
  }
}
