// What must be true of a packed package, whoever packs it: `npm run pack` and npm's own `npm pack` ask before they let one out.

import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkPackage as checkTypes, createPackageFromTarballData } from '@arethetypeswrong/core';
import { problemKindInfo } from '@arethetypeswrong/core/problems';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { run } from './npm.mjs';
import { describeBinary, isStripped } from './read-binary.mjs';
import { readTarball } from './read-tarball.mjs';
import { prebuildFile, targets } from './targets.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** In bytes. */
export const LARGEST_PACKED = 5e6;

/** Always in the package, beside what the rules below take from git's list. */
const FIXED = [
  'CHANGELOG.md',
  'CMakeLists.txt',
  'LICENSE',
  'README.md',
  'THIRD-PARTY-NOTICES.md',
  'binding.d.ts',
  'package.json',
];

/** Of git's list: what a user's build compiles, and what users read. package.json's `files` says it once more, so that a slip shows. */
const TRACKED = [
  /^cmake\/(?!native-test\.|simulated-cuda\.)[^/]*\.cmake$/,
  /^native\/(?!test\/).*\.(cpp|cu|h|map|darwin)$/,
  /^scripts\/from-source\//,
  /^docs\/(?!decisions[./]|gpu-verification\.).*\.md$/,
];

/** Node-API's headers, import libraries' definitions (for Windows) and licences, for a build without node_modules. */
export const HEADERS = [
  ...['napi.h', 'napi-inl.h', 'napi-inl.deprecated.h'].map((name) => ({ from: `node-addon-api/${name}`, to: name })),
  { from: 'node-addon-api/LICENSE.md', to: 'LICENSE.node-addon-api' },
  ...['js_native_api.h', 'js_native_api_types.h', 'node_api.h', 'node_api_types.h'].map((name) => ({
    from: `node-api-headers/include/${name}`,
    to: name,
  })),
  ...['js_native_api.def', 'node_api.def'].map((name) => ({ from: `node-api-headers/def/${name}`, to: name })),
  { from: 'node-api-headers/LICENSE', to: 'LICENSE.node-api-headers' },
];

/** Paths as other machines have them, too: continuous integration, and homes on Linux, macOS and Windows. */
const FOREIGN_PATHS = /\/home\/[\w.-]+\/|\/Users\/[\w.-]+\/|\/__w\/|[A-Z]:\\(Users|a)\\/;

/**
 * The sentences that speak against a packed package, without a dot; none if it may go out.
 *
 * @param {Buffer} tarball
 * @param {{ name: string }[]} wanted targets whose prebuilds must be in it, and no others
 */
export async function problemsOf(tarball, wanted) {
  const files = readTarball(tarball);
  const at = (name) => files.find((file) => file.path === name);
  const manifest = JSON.parse(at('package.json')?.content ?? '{}');
  const paths = files.map((file) => file.path);
  const expected = expectedFiles(wanted);
  const problems = [
    ...wrongList(paths, expected),
    // What is expected and missing has been said.
    ...wrongManifest(manifest, new Set([...paths, ...expected]), wanted),
    ...wanted.flatMap((target) => wrongPrebuild(target, at(prebuildPath(target))?.content)),
    ...files.flatMap(({ path: name, content }) => tellsPaths(name, content)),
    ...files.flatMap(({ path: name, mode }) => wrongMode(name, mode, manifest)),
    ...(tarball.length < LARGEST_PACKED
      ? []
      : [`the package has ${tarball.length} bytes packed; it must stay below ${LARGEST_PACKED}`]),
  ];
  return problems.length > 0 ? problems : [...(await wrongForPublint(tarball, wanted)), ...(await wrongTypes(tarball))];
}

let tracked;

/** What is in git's index: sources, told from what else lies there. Git is asked once. */
const trackedFiles = () =>
  (tracked ??= run('git', ['ls-files', '-z'])
    .split('\0')
    .filter((name) => name !== ''));

const prebuildPath = ({ name }) => `prebuilds/${name}.node`;

/**
 * Every path that the package must have; it must have no other.
 *
 * @param {{ name: string }[]} wanted targets whose prebuilds must be in it
 */
export function expectedFiles(wanted) {
  const sources = trackedFiles();
  const modules = sources.map((name) => /^src\/(.*)\.ts$/.exec(name)?.[1]).filter((name) => name !== undefined);
  return new Set([
    ...FIXED,
    ...sources.filter((name) => TRACKED.some((rule) => rule.test(name))),
    ...['index', 'cli'].map((name) => `dist/${name}.js`),
    ...modules.map((name) => `dist/${name}.d.ts`),
    ...HEADERS.map(({ to }) => `native/include/${to}`),
    ...wanted.map(prebuildPath),
  ]);
}

/** What problemsOf() will say of prebuilds that are not there, so that it can be said before packing. */
export const missingPrebuilds = (wanted) =>
  wanted.filter((target) => !existsSync(prebuildFile(target))).map((target) => missingSentence(prebuildPath(target)));

const missingSentence = (name) => `${name} is missing from the package${remedy(name)}`;

function wrongList(paths, expected) {
  const missing = [...expected].filter((name) => !paths.includes(name));
  const tooMany = paths.filter((name) => !expected.has(name));
  return [
    ...missing.map(missingSentence),
    ...tooMany.map((name) => `${name} does not belong in the package${reason(name)}`),
  ];
}

/** The subpath of `exports` for a prebuild. */
const subpathOf = (target) => `./${prebuildPath(target)}`;

/** Those that are left out on purpose: package.json leads to them all the same. */
const unwanted = (wanted) => targets.filter((target) => !wanted.includes(target)).map(subpathOf);

const prebuildTarget = (name) => targets.find((target) => name === prebuildPath(target));

function remedy(name) {
  const target = prebuildTarget(name);
  return target ? `: "npm run prebuild -- ${target.name}" makes it, and RSQRT_TARGETS may name fewer` : '';
}

const reason = (name) => (prebuildTarget(name) ? ': it is not among the targets named' : '');

/** What bundlers and Node make of package.json. */
async function wrongForPublint(tarball, wanted) {
  const left = unwanted(wanted);
  const { messages, pkg } = await publint({ pack: { tarball: new Uint8Array(tarball).buffer } });
  return messages
    .filter(
      ({ code, path: [key, subpath] }) =>
        !(code === 'FILE_DOES_NOT_EXIST' && key === 'exports' && left.includes(subpath)),
    )
    .map((message) => `publint: ${formatMessage(message, pkg, { color: false })}`);
}

/** What TypeScript makes of it, in every way of resolution. Prebuilds are for bundlers and the loader, which have no types. */
async function wrongTypes(tarball) {
  const packed = createPackageFromTarballData(new Uint8Array(tarball));
  const { problems } = await checkTypes(packed, { excludeEntrypoints: [/^\.\/prebuilds\//] });
  return problems.map(({ kind, entrypoint, typesFileName, fileName, resolutionKind }) => {
    const where = [entrypoint ?? typesFileName ?? fileName, resolutionKind].filter((part) => part !== undefined);
    return `types: ${problemKindInfo[kind].title} (${where.join(', ')})`;
  });
}

/** All that package.json leads to must be there; of the prebuilds, those wanted. */
function wrongManifest(manifest, paths, wanted) {
  const { main, types, bin, exports, scripts, dependencies } = manifest;
  const left = unwanted(wanted);
  const leads = [
    ['main', main],
    ['types', types],
    ...Object.entries(bin ?? {}).map(([name, file]) => [`bin.${name}`, file]),
    ...leadsOf('exports', exports ?? {}),
  ].filter(([, file]) => !left.includes(file));
  const there = (file) => paths.has(path.posix.normalize(file ?? ''));
  const subpaths = targets.map(subpathOf);
  const scriptsAtInstall = ['preinstall', 'install', 'postinstall'].filter((name) => name in (scripts ?? {}));
  return [
    ...leads
      .filter(([, file]) => !there(file))
      .map(([key, file]) => `package.json: ${key} leads to ${file}, which is missing`),
    ...subpaths.filter((name) => exports?.[name] !== name).map((name) => `package.json: exports lacks ${name}`),
    ...typesFirst(exports?.['.']),
    ...scriptsAtInstall.map((name) => `package.json: there must be no ${name} script`),
    ...Object.keys(dependencies ?? {}).map((name) => `package.json: there must be no dependencies; received ${name}`),
  ];
}

/** The paths in `exports`, with where they stand. */
function leadsOf(key, value) {
  if (typeof value === 'string') return [[key, value]];
  return Object.entries(value).flatMap(([name, each]) => leadsOf(`${key}['${name}']`, each));
}

/** TypeScript takes the first condition that fits, so `types` comes before whatever fits always. */
const typesFirst = (conditions) =>
  Object.keys(conditions ?? {})[0] === 'types' ? [] : [`package.json: exports['.'] must name types first`];

function wrongPrebuild(target, content) {
  if (content === undefined) return []; // said already
  const file = prebuildPath(target);
  const binary = describeBinary(content);
  if (binary === null) return [`${file} is no shared library, or is cut short`];
  const words = (...parts) => parts.filter((part) => part !== null).join(' ');
  const is = words(binary.platform, ...binary.archs, binary.libc);
  const wanted = words(target.platform, target.arch, target.libc);
  if (is !== wanted) return [`${file} is for ${is}; expected ${wanted}`];
  return isStripped(content, binary) ? [] : [`${file} has symbols or debugging information: strip it`];
}

/** In what was compiled. Prose and sources may speak of homes, but not of this one. */
function tellsPaths(name, content) {
  const compiled = /^(dist|prebuilds)\//.test(name);
  const here = [root, `${os.homedir()}${path.sep}`].filter((folder) => folder.length > 2);
  // On Windows paths are in binaries in UTF-16, too.
  const texts = [content.toString('latin1'), ...(compiled ? [content.toString('utf16le')] : [])];
  const found =
    here.find((folder) => texts.some((text) => text.includes(folder))) ??
    (compiled ? texts.map((text) => FOREIGN_PATHS.exec(text)?.[0]).find((each) => each !== undefined) : undefined);
  return found === undefined ? [] : [`${name} names a folder of the machine that built it: ${found}`];
}

/** The mode of a file of the package: what package.json names as a command can be run. */
export const modeOf = (name, { bin = {} }) =>
  Object.values(bin).some((file) => path.posix.normalize(file) === name) ? 0o755 : 0o644;

function wrongMode(name, mode, manifest) {
  const wanted = modeOf(name, manifest);
  return mode === wanted ? [] : [`${name} has mode ${mode.toString(8)}; expected ${wanted.toString(8)}`];
}
