import { resolve } from 'node:path';
import { runProgram } from '@chat-cluster/app-chat-node/program';
import { startBroker } from '@chat-cluster/broker';
import type { BrokerSettings } from './configuration.ts';

/** `chatcluster broker`: a broker by itself, until it is stopped. */
export async function runBroker(settings: BrokerSettings): Promise<void> {
  const { advertised, dataDir, listen } = settings;
  await runProgram(async () => {
    const broker = await startBroker({
      ...(dataDir !== undefined && { dataDir }),
      listeners: [
        {
          ...listen,
          ...(advertised && { advertisedHost: advertised.host, advertisedPort: advertised.port }),
        },
      ],
      flush: settings.flush,
      limits: {
        partitionsDefault: settings.partitionCount,
        autoCreateTopics: settings.autoCreateTopics,
      },
      onError: (error) => say(`warn: ${error.message}`),
    });
    process.stdout.write(summary(settings, broker.port));
    return {
      stop: async () => {
        process.stdout.write('Stopping …\n');
        await broker.close();
        process.stdout.write(
          `Stopped. ${dataDir === undefined ? 'Nothing was kept.' : 'Everything is kept.'}\n`,
        );
      },
    };
  }, say);
}

function say(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}

/** What is printed when clients can connect. */
function summary({ advertised, dataDir, listen }: BrokerSettings, port: number): string {
  const { host } = listen;
  const at = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  const told = advertised ? ` (clients are told ${advertised.host}:${advertised.port})` : '';
  return `
A Kafka broker is running.

  Kafka clients   ${at}${told}
  Data            ${dataDir === undefined ? 'in memory' : resolve(dataDir)}

Try, in another terminal:

  echo hello | kcat -P -b ${at} -t greetings
  kcat -C -b ${at} -t greetings -e

Ctrl-C stops it.
`;
}
