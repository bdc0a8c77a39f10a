/** The process of a `KillableBroker`: starts a broker as its first message says, and tells the port. */
import { startBroker } from '../start-broker.ts';

process.once('message', (options: { dataDir: string; port: number }) => {
  const { dataDir, port } = options;
  startBroker({ dataDir, listeners: [{ host: '127.0.0.1', port }] }).then(
    (broker) => process.send?.({ port: broker.port }),
    (error: unknown) => process.send?.({ failure: String(error) }),
  );
});
