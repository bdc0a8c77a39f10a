import { optionLines } from './option-lines.ts';
import {
  type CallForm,
  optionsOf,
  readSettings,
  type Settings,
  type SettingSources,
  type ValuesOf,
} from './read-settings.ts';

/** What a program is told; or, in one sentence, what is wrong with it. */
export type Configured<Told> =
  | { readonly kind: 'settings'; readonly settings: Told }
  | { readonly kind: 'problem'; readonly problem: string };

/** The same; or the help that was asked for. */
export type Configuration<Told> =
  | Configured<Told>
  | { readonly kind: 'help'; readonly text: string };

/**
 * Reads a program's settings from its arguments, the environment and a file, as readSettings does, and makes of their values what the program is told. Pure but for `readFile`.
 */
export function readConfiguration<S extends Settings, Told>(
  settings: S,
  sources: SettingSources,
  make: (values: ValuesOf<S>) => Configured<Told>,
  form: CallForm<S> = {},
): Configuration<Told> {
  const read = readSettings(settings, sources, form);
  if (read.kind === 'help') return { kind: 'help', text: optionLines(optionsOf(settings)) };
  return read.kind === 'problem' ? read : make(read.values);
}
