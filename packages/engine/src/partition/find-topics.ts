import { defaultEngineLimits } from '../engine-limits.ts';
import { EngineTopics, type EngineTopicNames } from '../engine-topics.ts';
import type { WorkerOptions } from '../worker-options.ts';

/** A topic that is missing or cannot serve. The sentence says which, why and what to do. */
export class TopicRefusedError extends Error {
  override readonly name = 'TopicRefusedError';
}

/**
 * Looks up every topic of a worker and checks what the promises stand on: inputs, event and control topic have the same number of partitions, the one that the journal has pinned;
 * inputs and event topic are not compacted; what the engine writes fits. Rejects with TopicRefusedError, LogError or JournalError.
 */
export async function findTopics<State, Command, Event>(
  options: WorkerOptions<State, Command, Event>,
): Promise<EngineTopics> {
  const { definition, log } = options;
  const names: EngineTopicNames = {
    events: options.eventTopic ?? `${definition.type}_events`,
    control: options.controlTopic,
    quarantine: options.quarantineTopic,
    deadLetters: definition.deadLetterTopic,
  };
  const inputs = Object.keys(definition.inputs);
  const wanted = [...new Set([...Object.values(names), ...inputs, ...definition.outputTopics])];
  const described = await log.admin.describeTopics(wanted);
  const found = described.map((topic, index) => {
    if (topic === undefined) {
      throw new TopicRefusedError(
        `Topic ${wanted[index]} does not exist. Start a node that may create it, or create it with as many partitions as the other inputs.`,
      );
    }
    return topic;
  });
  const topics = new EngineTopics({ names, inputs, found });
  assertCoPartitioned(topics);
  await assertPinned(options, topics);
  for (const topic of [...topics.inputs, names.events]) await assertNotCompacted(options, topic);
  for (const topic of wanted) await assertRoomy(options, topic);
  return topics;
}

function assertCoPartitioned(topics: EngineTopics): void {
  for (const topic of topics.inputs) {
    const { partitionCount } = topics.get(topic);
    if (partitionCount === topics.shardCount) continue;
    throw new TopicRefusedError(
      `${topic} has ${partitionCount} partitions and ${topics.names.events} has ${topics.shardCount}: the same key would have two homes. Create them with the same number.`,
    );
  }
}

async function assertPinned<State, Command, Event>(
  { definition, journal }: WorkerOptions<State, Command, Event>,
  topics: EngineTopics,
): Promise<void> {
  const pinned = await journal.pinPartitionCount(definition.type, topics.shardCount);
  if (pinned === topics.shardCount) return;
  throw new TopicRefusedError(
    `The topics of ${definition.type} have ${topics.shardCount} partitions, and its entities were placed over ${pinned}: with another number they would have other homes. Recreate the topics with ${pinned} partitions, or start with an empty journal.`,
  );
}

async function assertNotCompacted<State, Command, Event>(
  { log }: WorkerOptions<State, Command, Event>,
  topic: string,
): Promise<void> {
  const { 'cleanup.policy': policy = '' } = await log.admin.topicConfigs(topic, ['cleanup.policy']);
  if (!policy.includes('compact')) return;
  throw new TopicRefusedError(
    `${topic} is compacted (cleanup.policy=${policy}): records would vanish before they are processed. Set cleanup.policy=delete.`,
  );
}

async function assertRoomy<State, Command, Event>(
  { limits, log }: WorkerOptions<State, Command, Event>,
  topic: string,
): Promise<void> {
  const config = 'max.message.bytes';
  const { [config]: value } = await log.admin.topicConfigs(topic, [config]);
  const needed = limits?.partitionBatchBytesMax ?? defaultEngineLimits.partitionBatchBytesMax;
  if (value === undefined || Number(value) >= needed) return;
  throw new TopicRefusedError(
    `${topic} accepts batches of ${value} bytes, and the engine writes up to ${needed}. Raise max.message.bytes.`,
  );
}
