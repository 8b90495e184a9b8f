/** Node 20 and 22 give `Symbol.dispose` to their own realm alone, not to those that jest 29 or `node:vm` make. */

if (Symbol.dispose === undefined) Object.defineProperty(Symbol, 'dispose', { value: Symbol('Symbol.dispose') });
