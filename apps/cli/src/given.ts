import { type Options, parseArguments } from '@chat-cluster/app-chat-node/settings';
import { UsageError } from './command.ts';

/**
 * The operands and options that a command was given. Its methods throw a UsageError for what is
 * missing or cannot be.
 */
export class Given {
  readonly #options: ReadonlyMap<string, readonly string[]>;
  readonly #operands: readonly string[];

  /** @throws UsageError for options that are not the command's */
  constructor(args: readonly string[], options: Options) {
    const parsed = parseArguments(args, options);
    if (!parsed.ok) throw new UsageError(parsed.problem);
    this.#options = parsed.given;
    this.#operands = parsed.positionals;
  }

  has(option: string): boolean {
    return this.#options.has(option);
  }

  /** The option's last value. */
  text(option: string): string | undefined {
    return this.#options.get(option)?.at(-1);
  }

  /** All values of an option that may be given several times. */
  texts(option: string): readonly string[] {
    return this.#options.get(option) ?? [];
  }

  required(option: string): string {
    const value = this.text(option);
    if (value === undefined) throw new UsageError(`Option --${option} is missing.`);
    return value;
  }

  /** A whole number within these bounds, both included. */
  number(
    option: string,
    { min, max, otherwise }: { min: number; max: number; otherwise: number },
  ): number {
    const text = this.text(option);
    if (text === undefined) return otherwise;
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new UsageError(
      `--${option} is "${text}"; it must be a whole number from ${min} to ${max}.`,
    );
  }

  /** The operands, one for each name. */
  operands<Names extends readonly string[]>(
    ...names: Names
  ): { readonly [Index in keyof Names]: string } {
    const missing = names[this.#operands.length];
    if (missing !== undefined) throw new UsageError(`${missing} is missing.`);
    const surplus = this.#operands[names.length];
    if (surplus !== undefined) {
      throw new UsageError(`"${surplus}" is too much; put a text of several words in quotes.`);
    }
    return this.#operands as { readonly [Index in keyof Names]: string };
  }

  /** The one operand, if there is any. */
  optionalOperand(name: string): string | undefined {
    return this.#operands.length === 0 ? undefined : this.operands(name)[0];
  }

  /** All operands, at least one. */
  operandList(name: string): readonly string[] {
    if (this.#operands.length === 0) throw new UsageError(`${name} is missing.`);
    return this.#operands;
  }
}
