// What the package contains of others: linked into prebuilds/, or copied. THIRD-PARTY-NOTICES.md and the list of components
// (scripts/sbom.mjs) are made from this.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const installed = (name) => path.join(root, 'node_modules', name);
const versionOf = (name) => JSON.parse(readFileSync(path.join(installed(name), 'package.json'), 'utf8')).version;
const kept = (name) => path.join(root, 'scripts', 'licences', name);

/**
 * @typedef {object} ThirdParty
 * @property {string} name
 * @property {string | null} version of the npm package; null if it comes with the compiler that builds a prebuild
 * @property {string} licence an SPDX expression, or a name where SPDX has none
 * @property {boolean} spdx which of the two
 * @property {string} use what of it is where
 * @property {string} url
 * @property {string} file the text of the licence, or the notice that it asks for
 */

/** @type {ThirdParty[]} */
export const thirdParties = [
  {
    name: 'node-addon-api',
    version: versionOf('node-addon-api'),
    licence: 'MIT',
    spdx: true,
    use: 'headers, compiled into every prebuild and copied to native/include/',
    url: 'https://github.com/nodejs/node-addon-api',
    file: path.join(installed('node-addon-api'), 'LICENSE.md'),
  },
  {
    name: 'node-api-headers',
    version: versionOf('node-api-headers'),
    licence: 'MIT',
    spdx: true,
    use: 'headers, compiled into every prebuild; they and the definitions of import libraries are copied to native/include/',
    url: 'https://github.com/nodejs/node-api-headers',
    file: path.join(installed('node-api-headers'), 'LICENSE'),
  },
  {
    name: 'libc++, libc++abi, libunwind and compiler-rt',
    version: null,
    licence: 'Apache-2.0 WITH LLVM-exception',
    spdx: true,
    use: 'linked statically into the prebuilds for Linux',
    url: 'https://llvm.org',
    file: kept('llvm.txt'),
  },
  {
    name: "Zig's compiler_rt",
    version: null,
    licence: 'MIT',
    spdx: true,
    use: 'linked statically into the prebuilds for Linux',
    url: 'https://ziglang.org',
    file: kept('zig.txt'),
  },
  {
    name: "musl's startup objects",
    version: null,
    licence: 'MIT',
    spdx: true,
    use: "linked into the prebuilds for Linux with musl; the library itself is the system's",
    url: 'https://musl.libc.org',
    file: kept('musl.txt'),
  },
  {
    name: "glibc's startup objects and libc_nonshared.a",
    version: null,
    licence: 'GNU LGPL 2.1 or later, with permission to link without restriction',
    spdx: false,
    use: "linked into the prebuilds for Linux with glibc; the library itself is the system's",
    url: 'https://www.gnu.org/software/libc/',
    file: kept('glibc.txt'),
  },
  {
    name: 'NVIDIA CUDA runtime',
    version: null,
    licence: 'NVIDIA CUDA Toolkit EULA',
    spdx: false,
    use: 'libcudart_static.a, linked statically into the prebuild linux-x64',
    url: 'https://docs.nvidia.com/cuda/eula/',
    file: kept('cuda.txt'),
  },
];

const HEAD = `# Third-party notices

Written by \`npm run licences -- --write\` from scripts/third-party.mjs.

rsqrt itself is under the MIT licence ([LICENSE](LICENSE)). Its package contains parts of what is
listed here; it depends on no other package. An addon that you build yourself contains what your
compiler links: with GCC libstdc++ and libgcc, under GPL-3.0 with the GCC runtime library exception.
`;

/** The text of THIRD-PARTY-NOTICES.md. */
export function notices() {
  const sections = thirdParties.map(({ name, version, licence, use, url, file }) => {
    const title = version === null ? name : `${name} ${version}`;
    const text = readFileSync(file, 'utf8').trim();
    return `\n## ${title}\n\n${licence}; ${use}. <${url}>\n\n\`\`\`text\n${text}\n\`\`\`\n`;
  });
  return HEAD + sections.join('');
}
