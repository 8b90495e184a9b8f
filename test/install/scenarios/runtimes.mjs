// Runtimes: every release line of Node that is supported, Bun and Deno, by require and by import.

const lines = ['20-floor', '20', '22', '24', '26'];
const quick = ['20', '24'];

const onNode = (line, how) => ({
  name: `Node ${line}, ${how}`,
  quick: quick.includes(line),
  run: async ({ install, smoke, must, node }) => {
    await install();
    await smoke({ node: line, how: [how], runner: [node(line), '--throw-deprecation'] });
    return (await must(node(line), ['--version'])).stdout.trim();
  },
});

const permissions = {
  name: 'Node 24 --permission --allow-addons',
  run: async ({ install, smoke, node }) => {
    await install();
    await smoke({ runner: [node('24'), '--permission', '--allow-addons', '--allow-fs-read=*'] });
  },
};

const bun = (how) => ({
  name: `Bun, ${how}`,
  run: async ({ install, smoke, must, tool }) => {
    await install();
    await smoke({ runner: [tool('bun')], how: [how], bin: [tool('bun'), 'run', '--bun', 'rsqrt'] });
    return (await must(tool('bun'), ['--version'])).stdout.trim();
  },
});

const deno = (how) => ({
  name: `Deno, ${how}`,
  run: async ({ install, smoke, must, tool, version }) => {
    await install();
    const runner = [tool('deno'), 'run', '--allow-all'];
    await smoke({ runner, how: [how], bin: [...runner, `npm:rsqrt@${version}`] });
    return (await must(tool('deno'), ['--version'])).stdout.split(/[ \n]/)[1];
  },
});

/** Deno without a node_modules folder: the package lies in Deno's cache. */
const denoCache = {
  name: 'Deno, import from npm:',
  run: async ({ version, write, must, tool }) => {
    write({
      'program.mjs': `import { rsqrt, tensor } from 'npm:rsqrt@${version}';\nconsole.log(String(rsqrt(tensor([4]))));\n`,
    });
    const { stdout } = await must(tool('deno'), ['run', '--allow-all', 'program.mjs']);
    if (stdout !== 'tensor([0.5000])\n') throw new Error(`printed ${stdout}`);
  },
};

const ways = ['require', 'import'];
export default [
  ...lines.flatMap((line) => ways.map((how) => onNode(line, how))),
  permissions,
  ...ways.map(bun),
  ...ways.map(deno),
  denoCache,
];
export const rows = 16;
