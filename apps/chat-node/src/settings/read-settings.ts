import { didYouMean, nearest } from './nearest.ts';
import { type Option, type Options, parseArguments } from './parse-arguments.ts';
import type { Setting } from './setting.ts';

/**
 * Settings by their names: `kafka-port` is `--kafka-port`, `CHATCLUSTER_KAFKA_PORT`, and
 * `"kafka-port"` in a file.
 */
export type Settings = Readonly<Record<string, Setting<unknown>>>;

/** The value of each setting. */
export type ValuesOf<S extends Settings> = {
  readonly [Name in keyof S]: S[Name] extends Setting<infer Value> ? Value : never;
};

/** Where settings come from. */
export type SettingSources = {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The text of a file; throws if it cannot be read. */
  readonly readFile: (path: string) => string;
};

/** How a program is called, beyond options. */
export type CallForm<S extends Settings> = {
  /** Settings that may be given by their place alone, in this order: `processor 2551 8551`. */
  readonly operands?: readonly (keyof S & string)[];
};

/**
 * The values, or the first thing that is wrong in one sentence, or that somebody asked for help.
 */
export type ReadSettings<S extends Settings> =
  | { readonly kind: 'settings'; readonly values: ValuesOf<S> }
  | { readonly kind: 'problem'; readonly problem: string }
  | { readonly kind: 'help' };

const ENV_PREFIX = 'CHATCLUSTER_';

/** Secrets are exported in a shell, for all that is started there: a program without use for one passes it over. */
const EXPORTED = ['secret', 'management-token', 'cassandra-password'];

/** What every program has beside its settings. */
const OWN_OPTIONS = {
  config: {
    value: 'FILE',
    description: 'a JSON file with settings, by their names without dashes: {"http-port": 8080}',
  },
  help: { short: 'h', description: 'this help' },
} as const satisfies Options;

/**
 * Reads each setting from the first source that has it: an argument, the environment, the file that
 * `--config` or CHATCLUSTER_CONFIG names, its default. Names that are no settings are refused in
 * all of them, and so is a value that is none. In the environment an empty text is as good as
 * nothing.
 */
export function readSettings<S extends Settings>(
  settings: S,
  sources: SettingSources,
  { operands = [] }: CallForm<S> = {},
): ReadSettings<S> {
  const parsed = parseArguments(sources.argv, optionsOf(settings));
  if (!parsed.ok) return problem(parsed.problem);
  if (parsed.given.has('help')) return { kind: 'help' };
  const surplus = parsed.positionals[operands.length];
  if (surplus !== undefined) {
    return problem(`"${surplus}" is no setting: settings are written as --name value, see --help.`);
  }
  const strange = strangeVariable(settings, sources.env);
  if (strange !== undefined) return problem(strange);
  const path = parsed.given.get('config')?.at(-1) ?? variable(sources.env, 'config');
  const file = path === undefined ? NO_FILE : readFile(settings, path, sources.readFile);
  if (!file.ok) return problem(file.problem);
  return readValues(settings, (name, setting) =>
    firstWritten(
      [`--${name}`, writtenArgument(setting, parsed.given.get(name))],
      [operandName(name), parsed.positionals[operands.indexOf(name)]],
      ...exported(name, setting, sources.env),
      [`"${name}" in ${path}`, file.texts.get(name)],
    ),
  );
}

/**
 * Reads each setting of a command that has other options too: from its arguments or the environment, where the variables
 * of programs are passed over.
 */
export function readGiven<S extends Settings>(
  settings: S,
  given: (name: string) => string | undefined,
  env: SettingSources['env'],
): Exclude<ReadSettings<S>, { readonly kind: 'help' }> {
  return readValues(settings, (name, setting) =>
    firstWritten([`--${name}`, given(name)], ...exported(name, setting, env)),
  );
}

function readValues<S extends Settings>(
  settings: S,
  find: (name: string, setting: Setting<unknown>) => Written | undefined,
): Exclude<ReadSettings<S>, { readonly kind: 'help' }> {
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(settings)) {
    const written =
      find(name, setting) ?? firstWritten([`The default of --${name}`, setting.default]);
    if (written === undefined) {
      return problem(`--${name} is missing; it must be ${setting.mustBe}.`);
    }
    values[name] = setting.read(written.text);
    if (values[name] === undefined) {
      return problem(`${written.where} is "${written.text}"; it must be ${setting.mustBe}.`);
    }
  }
  return { kind: 'settings', values: values as ValuesOf<S> };
}

/**
 * The options with which a program takes these settings, for its help: with their defaults, unless
 * they are empty.
 */
export function optionsOf(settings: Settings): Options {
  return { ...settingOptions(settings), ...OWN_OPTIONS };
}

/** The same for a command, which has options of its own. */
export function settingOptions(settings: Settings): Options {
  const options = Object.entries(settings).map(([name, setting]) => [name, optionOf(setting)]);
  return Object.fromEntries(options) as Options;
}

function optionOf({ value, description, default: text }: Setting<unknown>): Option {
  if (value === undefined) return { description };
  return { value, description: text ? `${description} (${text})` : description };
}

function problem(sentence: string): { readonly kind: 'problem'; readonly problem: string } {
  return { kind: 'problem', problem: sentence };
}

/** `--quiet` alone is its yes. */
function writtenArgument(
  { value }: Setting<unknown>,
  given: readonly string[] | undefined,
): string | undefined {
  return value === undefined && given !== undefined ? 'yes' : given?.at(-1);
}

/** `NODE_PORT` for node-port, as the help of the program calls it. */
function operandName(name: string): string {
  return name.toUpperCase().replaceAll('-', '_');
}

function variableName(name: string): string {
  return ENV_PREFIX + operandName(name);
}

/** Where a setting may be in the environment. */
function exported(
  name: string,
  setting: Setting<unknown>,
  env: SettingSources['env'],
): readonly Place[] {
  return [
    [variableName(name), variable(env, name)],
    [setting.variable ?? '', env[setting.variable ?? ''] || undefined],
  ];
}

function variable(env: SettingSources['env'], name: string): string | undefined {
  return env[variableName(name)] || undefined;
}

function strangeVariable(settings: Settings, env: SettingSources['env']): string | undefined {
  const known = [...Object.keys(settings), ...EXPORTED, 'config'].map(variableName);
  const strange = Object.keys(env).find(
    (name) => name.startsWith(ENV_PREFIX) && !known.includes(name),
  );
  if (strange === undefined) return undefined;
  // What all of them start with would make each look near.
  const near = nearest(
    strange.slice(ENV_PREFIX.length),
    known.map((name) => name.slice(ENV_PREFIX.length)),
  );
  const hint = near === undefined ? '.' : `; did you mean ${ENV_PREFIX}${near}?`;
  return `There is no setting ${strange} for the environment${hint}`;
}

type SettingsFile =
  | { readonly ok: true; readonly texts: ReadonlyMap<string, string> }
  | { readonly ok: false; readonly problem: string };

const NO_FILE: SettingsFile = { ok: true, texts: new Map() };

function readFile(
  settings: Settings,
  path: string,
  read: SettingSources['readFile'],
): SettingsFile {
  let value: unknown;
  try {
    value = JSON.parse(read(path));
  } catch (error) {
    return {
      ok: false,
      problem: `The configuration file ${path} cannot be read: ${whyNot(error)}.`,
    };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { ok: false, problem: `The configuration file ${path} must hold one JSON object.` };
  }
  const texts = new Map<string, string>();
  for (const [name, written] of Object.entries(value as Record<string, unknown>)) {
    if (!Object.hasOwn(settings, name)) {
      const hint = didYouMean(name, Object.keys(settings));
      return { ok: false, problem: `There is no setting "${name}", which is in ${path}${hint}` };
    }
    if (typeof written !== 'string' && typeof written !== 'number') {
      const mustBe = settings[name]!.mustBe;
      return {
        ok: false,
        problem: `"${name}" in ${path} is not a text or number; it must be ${mustBe}.`,
      };
    }
    texts.set(name, String(written));
  }
  return { ok: true, texts };
}

/** Of JSON that is none only where: what V8 says quotes the file, and it may hold secrets. */
function whyNot(error: unknown): string {
  if (!(error instanceof SyntaxError)) {
    return error instanceof Error ? error.message : String(error);
  }
  const [where = ''] = / \(line \d+ column \d+\)/.exec(error.message) ?? [];
  return `it is no JSON${where}`;
}

/** A place, and what is written there. */
type Place = readonly [where: string, text: string | undefined];
type Written = { readonly where: string; readonly text: string };

function firstWritten(...places: readonly Place[]): Written | undefined {
  for (const [where, text] of places) if (text !== undefined) return { where, text };
  return undefined;
}
