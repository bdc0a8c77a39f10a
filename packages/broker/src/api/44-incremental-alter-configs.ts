/**
 * IncrementalAlterConfigs, versions 0 to 1. Topics only; the broker's own configurations are read only.
 *
 * Sets, deletes (back to the default), appends to and subtracts from list values. All changes of a topic or none.
 * Answers when they are durable.
 */
import { ConfigType, listOf } from '../topics/config-definition.ts';
import { topicConfigDefinition, type TopicOverrides } from '../topics/topic-config.ts';
import type { RequestOf } from '../wire/api-declaration.ts';
import { incrementalAlterConfigs } from '../wire/messages/44-incremental-alter-configs.ts';
import { alterTopicConfigs, ConfigRefused } from './alter-topic-configs.ts';
import { on } from './handler.ts';

type AlterableConfig = RequestOf<
  typeof incrementalAlterConfigs
>['resources'][number]['configs'][number];

const Operation = { SET: 0, DELETE: 1, APPEND: 2, SUBTRACT: 3 } as const;

export const incrementalAlterConfigsHandler = on(
  incrementalAlterConfigs,
  async ({ resources, validateOnly }, { broker }) => ({
    responses: await Promise.all(
      resources.map((resource) =>
        alterTopicConfigs(resource, {
          broker,
          validateOnly,
          change: (overrides) => resource.configs.reduce(applyChange, overrides),
        }),
      ),
    ),
  }),
);

function applyChange(
  overrides: TopicOverrides,
  { name, configOperation, value }: AlterableConfig,
): TopicOverrides {
  const { [name]: current, ...others } = overrides;
  if (configOperation === Operation.DELETE) return others;
  if (value === null) throw new ConfigRefused(`There is no value for ${name}.`);
  if (configOperation === Operation.SET) return { ...overrides, [name]: value };
  const definition = topicConfigDefinition(name);
  if (definition?.type !== ConfigType.LIST) {
    throw new ConfigRefused(`${name} is not a list: it can only be set or deleted.`);
  }
  const words = listOf(current ?? definition.defaultValue);
  const given = listOf(value);
  const changed =
    configOperation === Operation.APPEND
      ? [...words, ...given.filter((word) => !words.includes(word))]
      : words.filter((word) => !given.includes(word));
  return { ...overrides, [name]: changed.join(',') };
}
