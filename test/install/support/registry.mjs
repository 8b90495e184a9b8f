// A real registry on the loopback interface: it has the package, and passes all other requests on to npm's configured one.

import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { run, start } from './processes.mjs';
import { node, tool } from './tools.mjs';

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function npmConfig(key) {
  const { stdout } = await run('npm', ['config', 'get', key], {});
  const value = stdout.trim();
  return value === 'null' || value === 'undefined' ? '' : value;
}

/** Starts verdaccio with its files in `folder`. Returns its address once it answers. */
async function startRegistry(folder) {
  const [upstream, ca, proxy] = await Promise.all(['registry', 'cafile', 'https-proxy'].map(npmConfig));
  const address = `http://127.0.0.1:${await freePort()}/`;
  const config = {
    storage: path.join(folder, 'storage'),
    uplinks: { upstream: { url: upstream, timeout: '60s', ...(proxy && { https_proxy: proxy }) } },
    packages: {
      rsqrt: { access: '$all', publish: '$anonymous' },
      '**': { access: '$all', proxy: 'upstream' },
    },
    web: { enable: false },
    log: { type: 'file', path: path.join(folder, 'log'), level: 'warn', format: 'pretty' },
  };
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'config.yaml');
  writeFileSync(file, JSON.stringify(config)); // JSON is YAML
  const child = start(node('24'), [tool('verdaccio'), '--config', file, '--listen', address], {
    cwd: folder,
    env: { ...(ca && { NODE_EXTRA_CA_CERTS: ca }), ...process.env },
    stdio: 'ignore',
  });
  for (let i = 0; i < 300 && child.exitCode === null; i++) {
    const answer = await fetch(`${address}-/ping`).catch(() => null);
    if (answer?.ok) return address;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`the registry did not start; see ${folder}`);
}

/** Dates what was published a month back: Yarn, pnpm and Deno do not install what is younger than a day. */
function makeOlder(file) {
  const document = JSON.parse(readFileSync(file, 'utf8'));
  const monthAgo = new Date(Date.now() - 30 * 24 * 3600 * 1000).toISOString();
  for (const key of Object.keys(document.time)) document.time[key] = monthAgo;
  writeFileSync(file, JSON.stringify(document));
}

/** Starts a registry with its files in `folder` and publishes `file`, a packed package, to it. Returns its address. */
export async function publish(file, folder) {
  const address = await startRegistry(folder);
  // npm wants a token before it asks; this registry wants none.
  writeFileSync(path.join(folder, '.npmrc'), `registry=${address}\n${address.replace('http:', '')}:_authToken=none\n`);
  const { code, stderr } = await run(
    node('24'),
    [tool('npm-11'), 'publish', file, '--ignore-scripts', '--provenance=false'],
    { cwd: folder, env: { PATH: process.env.PATH, HOME: folder } },
  );
  if (code !== 0) throw new Error(`publishing failed:\n${stderr}`);
  makeOlder(path.join(folder, 'storage', 'rsqrt', 'package.json'));
  return address;
}
