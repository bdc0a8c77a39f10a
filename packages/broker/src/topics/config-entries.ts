import type { ConfigDefinition } from './config-definition.ts';
import { TOPIC_CONFIGS, type TopicOverrides } from './topic-config.ts';

/** Where the value of a configuration comes from; the number is Kafka's. */
export const ConfigSource = {
  DYNAMIC_TOPIC: 1,
  STATIC_BROKER: 4,
  DEFAULT: 5,
} as const;

/** A configuration with its value, as the APIs tell it. */
export type ConfigEntry = {
  readonly name: string;
  readonly value: string;
  readonly readOnly: boolean;
  readonly configSource: number;
  readonly isSensitive: boolean;
  readonly definition: ConfigDefinition;
};

/** All configurations of a topic: what was set, and the default of everything else. */
export function configEntries(overrides: TopicOverrides): ConfigEntry[] {
  return TOPIC_CONFIGS.map((definition) => {
    const { name, defaultValue } = definition;
    const override = overrides[name];
    return {
      name,
      value: override ?? defaultValue,
      readOnly: false,
      configSource: override === undefined ? ConfigSource.DEFAULT : ConfigSource.DYNAMIC_TOPIC,
      isSensitive: false,
      definition,
    };
  });
}
