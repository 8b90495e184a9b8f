/**
 * Node 20 and 22 define `Symbol.dispose` only in the main realm, not in those that jest 29 or
 * `node:vm` create.
 */

if (Symbol.dispose === undefined) Object.defineProperty(Symbol, 'dispose', { value: Symbol('Symbol.dispose') });
