// Checks packages that differ from a packed one: node check-package.mjs SCRIPTS TARBALL, with
// { base, edits } on standard input. Prints the problems of each edit of the base. An edit is
// { remove?: string[], put?: { [path]: base64 }, modes?: { [path]: number },
//   manifest?: properties to set in package.json, targets?: string }.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';

const [scripts, tarball] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(path.join(scripts, name)));
const { problemsOf } = await load('check-package.mjs');
const { readTarball } = await load('read-tarball.mjs');
const { targetsNamed } = await load('targets.mjs');

function edit(files, { remove = [], put = {}, modes = {}, manifest = {} }) {
  const added = Object.entries(put).map(([name, content]) => ({
    path: name,
    mode: 0o644,
    content: Buffer.from(content, 'base64'),
  }));
  return [...files.filter((file) => !remove.includes(file.path) && !(file.path in put)), ...added].map((file) => ({
    path: file.path,
    mode: modes[file.path] ?? file.mode,
    content:
      file.path === 'package.json'
        ? Buffer.from(JSON.stringify({ ...JSON.parse(file.content), ...manifest }))
        : file.content,
  }));
}

function pack(files) {
  const blocks = files.flatMap(({ path: name, mode, content }) => {
    const header = Buffer.alloc(512);
    const octal = (number, length) => number.toString(8).padStart(length - 1, '0');
    header.write(`package/${name}`, 0);
    header.write(octal(mode, 8), 100);
    header.write(octal(content.length, 12), 124);
    header.write(' '.repeat(8), 148); // the sum of bytes counts its own field as spaces
    header.write('0', 156);
    header.write('ustar\u000000', 257);
    header.write(
      octal(
        header.reduce((sum, byte) => sum + byte, 0),
        7,
      ),
      148,
    );
    return [header, content, Buffer.alloc(-content.length & 511)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]), { level: 0 }); // quickly, not small
}

const { base, edits } = JSON.parse(Buffer.concat(await process.stdin.toArray()));
const files = edit(readTarball(readFileSync(tarball)), base);
const results = [];
for (const each of edits) results.push(await problemsOf(pack(edit(files, each)), targetsNamed(each.targets ?? 'all')));
process.stdout.write(JSON.stringify(results));
