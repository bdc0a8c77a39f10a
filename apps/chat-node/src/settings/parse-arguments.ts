import { parseArgs } from 'node:util';
import { didYouMean } from './nearest.ts';

/** An option of a command, by its name without dashes. */
export type Option = {
  /** What stands for its value in the help; an option without is given or not given. */
  readonly value?: string;
  /** One letter, for `-n`. */
  readonly short?: string;
  readonly description: string;
};

export type Options = Readonly<Record<string, Option>>;

/**
 * What was given: the values of each option in their order (none for one that takes none), and the
 * rest.
 */
export type ParsedArguments =
  | {
      readonly ok: true;
      readonly given: ReadonlyMap<string, readonly string[]>;
      readonly positionals: readonly string[];
    }
  | { readonly ok: false; readonly problem: string };

/**
 * Reads `--name value`, `--name=value`, `-n value` and positionals; all after `--` is positional.
 * Unknown options are refused by name.
 */
export function parseArguments(args: readonly string[], options: Options): ParsedArguments {
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(options).map(([name, { value, short }]) => [
        name,
        {
          type: value === undefined ? ('boolean' as const) : ('string' as const),
          ...(short === undefined ? {} : { short }),
        },
      ]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const given = new Map<string, string[]>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const problem = problemOf(token, options);
    if (problem !== undefined) return { ok: false, problem };
    const values = given.get(token.name) ?? [];
    given.set(token.name, token.value === undefined ? values : [...values, token.value]);
  }
  return { ok: true, given, positionals };
}

type OptionToken = {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
};

function problemOf(token: OptionToken, options: Options): string | undefined {
  const { name, rawName, value, inlineValue } = token;
  const option = Object.hasOwn(options, name) ? options[name] : undefined;
  if (option === undefined) {
    const names = Object.keys(options).map((each) => `--${each}`);
    return `There is no option ${rawName}${didYouMean(rawName, names)}`;
  }
  if (option.value === undefined) {
    return value === undefined ? undefined : `Option ${rawName} takes no value.`;
  }
  if (value === undefined) return `Option ${rawName} needs a value: ${rawName} ${option.value}.`;
  if (inlineValue === false && value.length > 1 && value.startsWith('-')) {
    return `Option ${rawName} needs a value: ${rawName} ${option.value}; write --${name}=${value} if that is the value.`;
  }
  return undefined;
}
