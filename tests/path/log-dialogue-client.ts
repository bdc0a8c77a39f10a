import { openKafkaLog } from '@chat-cluster/log-kafka';
import type { DialogueClient } from './dialogue.ts';

/** Speaks through the project's own log adapter: for machines where nothing else is installed. */
export function openLogDialogueClient(port: number): DialogueClient & AsyncDisposable {
  const log = openKafkaLog({ bootstrap: [{ host: '127.0.0.1', port }], clientId: 'dialogue' });
  const producer = log.openProducer();
  return {
    send: async (topic, value) => {
      const record = { key: null, value: Buffer.from(value), headers: [] };
      await producer.send({ topic, partition: 0 }, [record]);
    },
    read: async (topic) => {
      const [description] = await log.admin.describeTopics([topic]);
      if (description === undefined) throw new Error(`There is no topic ${topic}.`);
      const { topicId, partitionCount } = description;
      let text = '';
      for (let partition = 0; partition < partitionCount; partition += 1) {
        const [offsetFrom = 0, offsetUntil = 0] = await log.admin.listOffsets([
          { topic, partition, at: 'earliest' },
          { topic, partition, at: 'latest' },
        ]);
        const range = { topic, topicId, partition, offsetFrom, offsetUntil };
        await log.readRange({
          ...range,
          visit: ({ value }) => (text += `${Buffer.from(value ?? []).toString()}\n`),
        });
      }
      return text;
    },
    [Symbol.asyncDispose]: () => log.close(),
  };
}
