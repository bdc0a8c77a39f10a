/**
 * DescribeConfigs, versions 1 to 4.
 *
 * Topics: every configuration that Kafka 4.1 has, with its default or what was set. This broker: what it was started
 * with, read only. Groups and other resources: an empty list.
 */
import { brokerConfigEntries } from '../topics/broker-config.ts';
import { configEntries, ConfigSource, type ConfigEntry } from '../topics/config-entries.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { describeConfigs } from '../wire/messages/32-describe-configs.ts';
import { ConfigResource } from './config-resource.ts';
import { on, type RequestContext } from './handler.ts';

export const describeConfigsHandler = on(
  describeConfigs,
  ({ resources, includeSynonyms, includeDocumentation }, { broker }) => ({
    results: resources.map(({ resourceType, resourceName, configurationKeys }) => {
      const { errorCode, errorMessage, entries } = entriesOf(
        { resourceType, resourceName },
        broker,
      );
      const isAsked = ({ name }: ConfigEntry): boolean => configurationKeys?.includes(name) ?? true;
      return {
        errorCode,
        errorMessage,
        resourceType,
        resourceName,
        configs: entries
          .filter(isAsked)
          .map((entry) => describe(entry, { includeSynonyms, includeDocumentation })),
      };
    }),
  }),
);

type Entries = {
  readonly errorCode: ErrorCode;
  readonly errorMessage: string | null;
  readonly entries: readonly ConfigEntry[];
};

function entriesOf(
  { resourceType, resourceName }: { resourceType: number; resourceName: string },
  { topics, nodeId, limits }: RequestContext['broker'],
): Entries {
  switch (resourceType) {
    case ConfigResource.TOPIC: {
      const topic = topics.byName(resourceName);
      if (topic !== undefined) return found(configEntries(topic.overrides));
      return failed(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'There is no such topic.');
    }
    case ConfigResource.BROKER:
      // The empty name means the defaults of the whole cluster, of which nothing is set.
      if (resourceName === '') return found([]);
      if (resourceName === String(nodeId)) return found(brokerConfigEntries(limits, nodeId));
      return failed(ErrorCode.INVALID_REQUEST, `This is broker ${nodeId}, and there is no other.`);
    default:
      return found([]);
  }
}

function describe(
  { definition, ...entry }: ConfigEntry,
  options: { includeSynonyms: boolean; includeDocumentation: boolean },
) {
  return {
    name: entry.name,
    value: entry.value,
    readOnly: entry.readOnly,
    configSource: entry.configSource,
    isSensitive: entry.isSensitive,
    synonyms: options.includeSynonyms ? synonymsOf({ definition, ...entry }) : [],
    configType: definition.type,
    documentation: options.includeDocumentation ? definition.documentation : null,
  };
}

/** Where the value comes from, and what it would be without that. */
function synonymsOf({ name, value, configSource, definition }: ConfigEntry) {
  const ownDefault = { name, value: definition.defaultValue, source: ConfigSource.DEFAULT };
  return configSource === ConfigSource.DEFAULT
    ? [ownDefault]
    : [{ name, value, source: configSource }, ownDefault];
}

function found(entries: readonly ConfigEntry[]): Entries {
  return { errorCode: ErrorCode.NONE, errorMessage: null, entries };
}

function failed(errorCode: ErrorCode, errorMessage: string): Entries {
  return { errorCode, errorMessage, entries: [] };
}
