import { resolve } from 'node:path';
import { runProgram } from '@chat-cluster/app-chat-node/program';
import { type Broker, startBroker } from '@chat-cluster/broker';
import type { BrokerSettings } from './configuration.ts';
import { type MetricsServer, serveMetrics } from './serve-metrics.ts';

/** `chatcluster broker`: a broker by itself, until it is stopped. */
export async function runBroker(settings: BrokerSettings): Promise<void> {
  const { advertised, dataDir, listen } = settings;
  await runProgram(async () => {
    const broker = await startBroker({
      ...(dataDir !== undefined && { dataDir }),
      listeners: [
        {
          ...listen,
          ...settings.security,
          ...(advertised && { advertisedHost: advertised.host, advertisedPort: advertised.port }),
        },
      ],
      users: settings.users,
      flush: settings.flush,
      limits: {
        partitionsDefault: settings.partitionCount,
        autoCreateTopics: settings.autoCreateTopics,
      },
      onError: (error) => say(`warn: ${error.message}`),
    });
    const metrics = await startMetrics(settings, broker);
    process.stdout.write(summary(settings, { port: broker.port, metricsPort: metrics?.port }));
    return {
      stop: async () => {
        process.stdout.write('Stopping …\n');
        await metrics?.close();
        await broker.close();
        process.stdout.write(
          `Stopped. ${dataDir === undefined ? 'Nothing was kept.' : 'Everything is kept.'}\n`,
        );
      },
    };
  }, say);
}

async function startMetrics(
  { metricsPort }: BrokerSettings,
  broker: Broker,
): Promise<MetricsServer | undefined> {
  if (metricsPort === undefined) return undefined;
  try {
    return await serveMetrics(metricsPort, () => broker.metrics());
  } catch (error) {
    await broker.close();
    throw error;
  }
}

function say(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}

/** What is printed when clients can connect. */
function summary(
  { advertised, dataDir, listen }: BrokerSettings,
  { metricsPort, port }: { readonly port: number; readonly metricsPort: number | undefined },
): string {
  const { host } = listen;
  const at = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  const told = advertised ? ` (clients are told ${advertised.host}:${advertised.port})` : '';
  const metrics =
    metricsPort === undefined ? '' : `\n  Metrics         http://127.0.0.1:${metricsPort}/metrics`;
  return `
A Kafka broker is running.

  Kafka clients   ${at}${told}
  Data            ${dataDir === undefined ? 'in memory' : resolve(dataDir)}${metrics}

Try, in another terminal:

  echo hello | kcat -P -b ${at} -t greetings
  kcat -C -b ${at} -t greetings -e

Ctrl-C stops it.
`;
}
