// Translates TypeScript for jest with esbuild, in a twentieth of the time that TypeScript itself
// takes, of which a fresh clone would notice 10 s.
const { createHash } = require('node:crypto');
const { readFileSync } = require('node:fs');
const esbuild = require('esbuild');

const self = readFileSync(__filename);

module.exports = {
  process(source, file) {
    const { code, map } = esbuild.transformSync(source, {
      sourcefile: file,
      loader: 'ts',
      format: 'cjs',
      target: 'node20.17',
      tsconfigRaw: { compilerOptions: { alwaysStrict: true } }, // as TypeScript translates modules
      sourcemap: 'external',
      supported: { 'dynamic-import': true },
    });
    return { code, map };
  },
  getCacheKey(source, file, { configString }) {
    const hash = createHash('sha256').update(self).update(esbuild.version);
    return hash.update(`${configString}\n${file}\n${source}`).digest('hex');
  },
};
