import {
  optionLines,
  optionsOf,
  portSetting,
  readSettings,
  type SettingSources,
  textSetting,
} from '@chat-cluster/app-chat-node/settings';

/** Where the client asks. */
export type ClientSettings = { readonly host: string; readonly port: number };

/** The settings; or, in one sentence, what is wrong with them; or the help that was asked for. */
export type ClientConfiguration =
  | { readonly kind: 'settings'; readonly settings: ClientSettings }
  | { readonly kind: 'problem'; readonly problem: string }
  | { readonly kind: 'help'; readonly text: string };

/** Reads the settings from arguments, the environment and a file. Pure but for `readFile`. */
export function readClientConfiguration(sources: SettingSources): ClientConfiguration {
  const read = readSettings(SETTINGS, sources);
  if (read.kind === 'help') return { kind: 'help', text: optionLines(optionsOf(SETTINGS)) };
  return read.kind === 'problem' ? read : { kind: 'settings', settings: read.values };
}

const SETTINGS = {
  port: portSetting({ description: "a processor's front end", default: '8081' }),
  host: textSetting({
    value: 'HOST',
    description: 'where it runs',
    mustBe: 'a host',
    default: '127.0.0.1',
  }),
};
