/**
 * Parses the arguments of the command. Node's `parseArgs` would treat negative numbers as options,
 * and its messages differ between versions of Node.
 */

import { show } from '../support/errors';
import { UsageError } from './errors';

/** Options by name. `value` describes the value that an option takes, for messages. */
export type Options = Readonly<Record<string, { readonly short?: string; readonly value?: string }>>;

/**
 * The options given. An option that takes no value is true. If an option is given twice, the last
 * value counts.
 */
type Values<O extends Options> = { [Name in keyof O]?: O[Name] extends { value: string } ? string : true };

export interface Arguments<O extends Options> {
  readonly values: Values<O>;
  /** The arguments before `--` that are not options. */
  readonly words: readonly string[];
  /** The arguments after `--`. */
  readonly literals: readonly string[];
}

/** `help` is the command that lists the options. Throws {@link UsageError}. */
export function parseArguments<O extends Options>(args: readonly string[], options: O, help: string): Arguments<O> {
  const values: Record<string, string | true> = {};
  const words: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (arg === '--') return { values: values as Values<O>, words, literals: args.slice(i + 1) };
    if (!isOption(arg)) {
      words.push(arg);
      continue;
    }
    const [flag, inline] = splitOnce(arg, '=');
    const name = Object.keys(options).find((each) => flag === `--${each}` || flag === `-${options[each].short}`);
    if (name === undefined) throw new UsageError(`there is no option ${show(flag)}; see ${help}`);
    const { value } = options[name];
    if (value === undefined) {
      if (inline !== undefined) throw new UsageError(`${flag} takes no value; received ${show(inline)}`);
      values[name] = true;
    } else if (inline !== undefined) values[name] = inline;
    else {
      const next = args[++i];
      if (next === undefined || next.startsWith('-')) {
        const received = next === undefined ? 'nothing' : show(next);
        throw new UsageError(`${flag} must be followed by ${value}; received ${received}`);
      }
      values[name] = next;
    }
  }
  return { values: values as Values<O>, words, literals: [] };
}

/** Whether an argument is an option. Negative numbers and a single dash are not. */
const isOption = (arg: string): boolean => /^-./s.test(arg) && !/^-(\d|\.\d|inf|nan)/i.test(arg);

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
