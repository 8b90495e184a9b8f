// Reads the packages that npm makes: a gzipped archive of plain files below package/.

import { gunzipSync } from 'node:zlib';

const BLOCK = 512;

/** The files in order, with paths below package/. Throws on anything else than a plain file there. @param {Buffer} tarball */
export function readTarball(tarball) {
  const archive = gunzipSync(tarball);
  const files = [];
  // Two blocks of zeros end an archive.
  for (let at = 0; archive[at] !== 0; ) {
    const text = (from, length) => archive.toString('utf8', at + from, at + from + length).split('\0', 1)[0];
    const [type, prefix] = [text(156, 1), text(345, 155)];
    const name = prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`;
    if (type !== '0' || !name.startsWith('package/')) {
      throw new Error(`expected plain files below package/ in the archive; found '${name}' of type '${type}'`);
    }
    const size = Number.parseInt(text(124, 12), 8);
    const content = archive.subarray(at + BLOCK, at + BLOCK + size);
    files.push({ path: name.slice('package/'.length), mode: Number.parseInt(text(100, 8), 8), content });
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}
