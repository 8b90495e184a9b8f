// Package managers: each installs the package from the registry, without running a script of it,
// and runs it.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import path from 'node:path';

const manifest = (version, more = {}) => ({
  name: 'consumer',
  version: '1.0.0',
  private: true,
  dependencies: { rsqrt: version },
  ...more,
});

function npm(major, node, quick) {
  return {
    name: `npm ${major} --ignore-scripts, Node ${node}`,
    quick,
    run: async ({ install, smoke }) => {
      await install({ npm: major, node });
      return smoke({ node });
    },
  };
}

/** With scripts allowed there is none to run, nothing to approve and nothing to warn of. */
function npmWithScripts(major, node) {
  return {
    name: `npm ${major} with scripts, Node ${node}`,
    run: async ({ folder, install, smoke }) => {
      const { stdout, stderr } = await install({
        npm: major,
        node,
        scripts: true,
        env: { npm_config_loglevel: 'info' },
      });
      const run = `${stdout}${stderr}`.split('\n').filter((line) => /npm warn|info run|allow-?scripts/i.test(line));
      if (run.length > 0) throw new Error(`npm install printed:\n${run.join('\n')}`);
      const { packages } = JSON.parse(readFileSync(path.join(folder, 'package-lock.json'), 'utf8'));
      const scripted = Object.keys(packages).filter((name) => packages[name].hasInstallScript);
      if (scripted.length > 0) throw new Error(`packages with install scripts: ${scripted}`);
      return smoke({ node });
    },
  };
}

const pnpm = {
  name: 'pnpm 12, as it is configured by default',
  quick: true,
  run: async ({ folder, registry, version, write, must, tool, smoke }) => {
    write({ 'package.json': manifest(version), '.npmrc': `registry=${registry}\n` });
    const { stdout, stderr } = await must(tool('pnpm'), ['install']);
    if (/ignored build scripts|approve-builds/i.test(`${stdout}${stderr}`)) throw new Error(`${stdout}${stderr}`);
    const visible = readdirSync(path.join(folder, 'node_modules')).filter((name) => !name.startsWith('.'));
    if (visible.join() !== 'rsqrt') throw new Error(`the project sees ${visible}`);
    return smoke({ bin: [tool('pnpm'), 'exec', 'rsqrt'] });
  },
};

const yarnEnvironment = (registry) => ({
  YARN_NPM_REGISTRY_SERVER: registry,
  YARN_UNSAFE_HTTP_WHITELIST: '127.0.0.1',
  YARN_ENABLE_TELEMETRY: '0',
});

function yarn(linker) {
  return {
    name: `Yarn 4, nodeLinker: ${linker}`,
    run: async ({ folder, registry, version, write, must, node, tool, smoke }) => {
      write({
        'package.json': manifest(version),
        'yarn.lock': '', // makes it a project of its own
        // Import, too, outside packages that are modules by themselves.
        '.yarnrc.yml': `nodeLinker: ${linker}\npnpEnableEsmLoader: true\n`,
      });
      const env = yarnEnvironment(registry);
      const command = [node('24'), tool('yarn')];
      const { stdout } = await must(command[0], [command[1], 'install'], { env });
      if (/must be built|build scripts/.test(stdout)) throw new Error(stdout);
      const unplugged = existsSync(path.join(folder, '.pnp.cjs'))
        ? readdirSync(path.join(folder, '.yarn', 'unplugged'))
        : [];
      if ((linker === 'pnp') !== unplugged.length > 0) throw new Error(`unplugged: ${unplugged}`);
      const detail = await smoke({ env, runner: [...command, 'node'], bin: [...command, 'rsqrt'] });
      return detail ?? `unplugged: ${unplugged.map((name) => name.replace(/-npm-.*/, '')).join(', ')}`;
    },
  };
}

const yarnClassic = {
  name: 'Yarn 1',
  run: async ({ version, write, must, node, tool, smoke }) => {
    write({ 'package.json': manifest(version) });
    const command = [node('24'), tool('yarn-1', 'yarn')];
    await must(command[0], [command[1], 'install', '--ignore-scripts', '--non-interactive']);
    return smoke({ bin: [...command, '--silent', 'run', 'rsqrt'] });
  },
};

const bun = {
  name: 'Bun 1.4, run with Node',
  run: async ({ version, write, must, tool, smoke }) => {
    write({ 'package.json': manifest(version) });
    const { stdout, stderr } = await must(tool('bun'), ['install']);
    if (/blocked|untrusted/i.test(`${stdout}${stderr}`)) throw new Error(`${stdout}${stderr}`);
    return smoke({ bin: [tool('bun'), 'run', 'rsqrt'] });
  },
};

const deno = {
  name: 'Deno 2, run with Node',
  run: async ({ version, write, must, tool, smoke }) => {
    write({ 'package.json': manifest(version) });
    const { stdout, stderr } = await must(tool('deno'), ['install']);
    if (/scripts/i.test(`${stdout}${stderr}`)) throw new Error(`${stdout}${stderr}`);
    return smoke();
  },
};

const globally = {
  name: 'npm install --global',
  run: async ({ folder, version, npm, must }) => {
    await npm(['install', '--global', '--prefix', folder, '--ignore-scripts', `rsqrt@${version}`]);
    const { stdout } = await must(path.join(folder, 'bin', 'rsqrt'), ['4', '16', '25']);
    if (stdout !== 'tensor([0.5000, 0.2500, 0.2000])\n') throw new Error(`printed ${stdout}`);
  },
};

const noInstallation = {
  name: 'npx, without installing',
  run: async ({ must, node, tool, version }) => {
    const { stdout } = await must(node('24'), [tool('npm-11', 'npx'), '--yes', `rsqrt@${version}`, '4', '16', '25']);
    if (stdout !== 'tensor([0.5000, 0.2500, 0.2000])\n') throw new Error(`printed ${stdout}`);
  },
};

/** A proxy that alone knows where `http://registry.invalid/` is. */
function startProxy(registry, seen) {
  const server = createServer((request, response) => {
    const { host, pathname } = new URL(request.url);
    seen.push(host);
    const headers = { ...request.headers, host };
    const onward = httpRequest(new URL(pathname, registry), { method: request.method, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

const behindProxy = {
  name: 'npm 11, behind a proxy',
  run: async ({ registry, install, smoke }) => {
    const seen = [];
    const proxy = await startProxy(registry, seen);
    try {
      const address = `http://127.0.0.1:${proxy.address().port}/`;
      const hidden = 'http://registry.invalid/';
      await install({
        env: { npm_config_registry: hidden, NPM_CONFIG_REGISTRY: hidden, npm_config_proxy: address },
      });
      if (new Set(seen).size !== 1 || seen[0] !== 'registry.invalid')
        throw new Error(`the proxy was asked for ${seen}`);
      return await smoke();
    } finally {
      proxy.closeAllConnections();
      proxy.close();
    }
  },
};

/** Once installed the package asks for nothing. */
const withoutNetwork = {
  name: 'npm 11, then without a network',
  skip: () => (spawnSync('unshare', ['-r', '-n', 'true']).status === 0 ? null : 'unshare --net is not allowed here'),
  run: async ({ install, smoke, host, node }) => {
    await install();
    const alone = [host('unshare'), '-r', '-n', node('24')];
    return smoke({ runner: alone, bin: [...alone, './node_modules/rsqrt/dist/cli.js'] });
  },
};

export default [
  npm('11', '24', true),
  npm('11', '20-floor', false),
  npm('12', '26', false),
  npmWithScripts('11', '24'),
  npmWithScripts('12', '26'),
  globally,
  noInstallation,
  behindProxy,
  withoutNetwork,
  pnpm,
  yarn('pnp'),
  yarn('node-modules'),
  yarnClassic,
  bun,
  deno,
];
export const rows = 15;
