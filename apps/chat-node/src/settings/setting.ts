/** How one setting is written, read and described. */
export type Setting<Value> = {
  /** What stands for its value in the help: `N`, `DIR`. A setting without is given or not given. */
  readonly value?: string;
  readonly description: string;
  /** What it is if nobody sets it, as it would be written; a setting without one must be set. */
  readonly default?: string;
  /** The value; undefined if the text is none. */
  readonly read: (text: string) => Value | undefined;
  /** Another variable of the environment that it may come from: one that other programs know, too. */
  readonly variable?: string;
  /** What it must be, to end a sentence with: `a port from 0 to 65,535`. */
  readonly mustBe: string;
};

type Described = { readonly description: string; readonly default?: string };

/** A whole number, both ends included. */
export function numberSetting(
  range: { readonly min: number; readonly max: number },
  described: Described,
): Setting<number> {
  const { min, max } = range;
  return {
    value: 'N',
    ...described,
    read: (text) => wholeNumber(text, range),
    mustBe: `a whole number from ${min} to ${max}`,
  };
}

/** A TCP port; 0 is any that is free. */
export function portSetting(described: Described): Setting<number> {
  return {
    ...numberSetting({ min: 0, max: PORT_MAX }, described),
    mustBe: `a port from 0 (any that is free) to ${PORT_MAX}`,
  };
}

/** One of these words. */
export function wordSetting<Word extends string>(
  words: readonly Word[],
  described: Described,
): Setting<Word> {
  return {
    value: words.join('|'),
    ...described,
    read: (text) => words.find((word) => word === text),
    mustBe: `one of ${words.join(', ')}`,
  };
}

/** `--name` says yes; elsewhere yes or no is written. */
export function flagSetting(described: { readonly description: string }): Setting<boolean> {
  return {
    ...described,
    default: 'no',
    read: (text) => (text === 'yes' ? true : text === 'no' ? false : undefined),
    mustBe: 'yes or no',
  };
}

/** Any text but none. */
export function textSetting(
  described: Described & { readonly value: string; readonly mustBe: string },
): Setting<string> {
  return { ...described, read: (text) => (text === '' ? undefined : text) };
}

/** Where a server listens, and is reached; port 0 is any that is free. */
export function endpointSetting(
  described: Described,
  { lengthMax }: { readonly lengthMax: number },
): Setting<Address> {
  const ports = { min: 0, max: PORT_MAX };
  return {
    value: 'HOST:PORT',
    ...described,
    read: (text) => (text.length > lengthMax ? undefined : readAddress(text, undefined, ports)),
    mustBe: `HOST:PORT, at most ${lengthMax} characters`,
  };
}

/** A text that may be left out: undefined then. */
export function optionalSetting(described: {
  readonly value: string;
  readonly description: string;
}): Setting<{ readonly text: string | undefined }> {
  return {
    ...described,
    default: '',
    read: (text) => ({ text: text === '' ? undefined : text }),
    mustBe: 'a text',
  };
}

/** A setting without a default that may be left out: undefined then. */
export function optional<Value>(
  setting: Setting<Value>,
): Setting<{ readonly value: Value | undefined }> {
  const read = (text: string) => {
    const value = text === '' ? undefined : setting.read(text);
    return text !== '' && value === undefined ? undefined : { value };
  };
  return { ...setting, default: '', read };
}

/** A server's address. */
export type Address = { readonly host: string; readonly port: number };

/** `HOST:PORT`, `[IPV6]:PORT`, or `HOST` if there is a default port. */
export function readAddress(
  text: string,
  portDefault?: number,
  ports: PortRange = CONNECTABLE,
): Address | undefined {
  const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:,/[\]]+))(?::(\d+))?$/.exec(text);
  const host = parts?.[1] ?? parts?.[2];
  const port = parts?.[3] === undefined ? portDefault : wholeNumber(parts[3], ports);
  return host === undefined || port === undefined ? undefined : { host, port };
}

/** Addresses with commas between them, at least one. */
export function readAddresses(text: string, portDefault?: number): readonly Address[] | undefined {
  const addresses = text.split(',').map((each) => readAddress(each.trim(), portDefault));
  return addresses.every((address) => address !== undefined) ? addresses : undefined;
}

function wholeNumber(
  text: string,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  if (!/^-?\d{1,15}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}

const PORT_MAX = 65_535;
type PortRange = { readonly min: number; readonly max: number };
/** Port 0 can be listened on, and not connected to. */
const CONNECTABLE: PortRange = { min: 1, max: PORT_MAX };
