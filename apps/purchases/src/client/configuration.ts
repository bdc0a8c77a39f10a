import {
  type Configuration,
  portSetting,
  readConfiguration,
  type SettingSources,
  textSetting,
} from '@chat-cluster/app-chat-node/settings';

/** Where the client asks. */
export type ClientSettings = { readonly host: string; readonly port: number };

/** Reads the settings from arguments, the environment and a file. Pure but for `readFile`. */
export function readClientConfiguration(sources: SettingSources): Configuration<ClientSettings> {
  return readConfiguration(SETTINGS, sources, (values) => ({ kind: 'settings', settings: values }));
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
