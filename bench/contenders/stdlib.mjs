// stdlib's strided functions with their native addons. npm delivers the addons' C sources, not the
// addons. They are compiled when first needed, with the flags of stdlib's own builds.

import { createRequire } from 'node:module';
import path from 'node:path';
import { viewOf } from '../cases.mjs';
import { emptyArray, inputArray } from '../dtypes.mjs';
import { compile } from './compile.mjs';
import { samplesOf } from './samples.mjs';

const require = createRequire(import.meta.url);

const PREFIXES = { float32: 's', float64: 'd' };
const packageOf = (op, dtype) => `@stdlib/math-strided-special-${PREFIXES[dtype]}${op}`;

export function open() {
  const { version } = require(`${packageOf('rsqrt', 'float32')}/package.json`);
  for (const op of ['rsqrt', 'sqrt']) {
    for (const dtype of Object.keys(PREFIXES)) compileAddon(packageOf(op, dtype));
  }
  return { about: { version }, prepare };
}

function compileAddon(name) {
  const directory = path.dirname(require.resolve(`${name}/package.json`));
  const manifest = require('@stdlib/utils-library-manifest');
  const { src, include, libraries } = manifest(path.join(directory, 'manifest.json'), {}, { basedir: directory });
  const inDirectory = (file) => path.resolve(directory, file);
  const includes = [...include.map(inDirectory), require('node-api-headers').include_dir];
  const flags = [
    '-std=c99',
    '-O3',
    '-fPIC',
    '-shared',
    '-DNODE_GYP_MODULE_NAME=addon',
    ...includes.map((i) => `-I${i}`),
  ];
  const sources = ['src/addon.c', ...src].map(inDirectory);
  compile('cc', flags, sources, inDirectory('src/addon.node'), libraries);
}

function prepare({ op, dtype, size, layout, form }) {
  if (!(dtype in PREFIXES)) return 'no such dtype';
  if (layout === 'transposed') return 'one-dimensional strides only';
  const { strides, span } = viewOf({ size, layout });
  const stride = strides.at(-1);
  // Not the package's main module, which falls back to JavaScript if the addon cannot be loaded.
  const compute = require(`${packageOf(op, dtype)}/lib/native.js`);
  const x = inputArray(dtype, span);
  const out = form === 'out' ? emptyArray(dtype, size) : undefined;
  const loops = {
    new(count) {
      let y;
      for (let i = 0; i < count; i++) y = compute(size, x, stride, emptyArray(dtype, size), 1);
      return y;
    },
    out(count) {
      for (let i = 0; i < count; i++) compute(size, x, stride, out, 1);
      return out;
    },
    inPlace(count) {
      for (let i = 0; i < count; i++) compute(size, x, 1, x, 1);
      return x;
    },
  };
  return { loops, read: (y, indices) => samplesOf(dtype, y, indices) };
}
