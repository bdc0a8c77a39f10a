import { type DseClientOptions, policies, types } from 'cassandra-driver';
import type { CassandraJournalOptions } from './open-cassandra-journal.ts';

const PORT_DEFAULT = 9042;

/** How long to wait for the answer to one request: Cassandra itself gives up a write after 2 s. */
const REQUEST_TIMEOUT_MS = 4_000;
const CONNECT_TIMEOUT_MS = 2_000;

/** How often a node that is away is tried again. */
const RECONNECT_MS = 500;

/** What the driver is told, but for where requests go. */
export function clientOptions(options: CassandraJournalOptions): DseClientOptions {
  const { port = PORT_DEFAULT, credentials, tls } = options;
  const contactPoints = options.contactPoints.map((host) =>
    /:\d+$/.test(host) ? host : `${host}:${port}`,
  );
  return {
    contactPoints,
    // Nodes tell the driver each other's addresses, without ports.
    protocolOptions: { port: Number(contactPoints[0]?.split(':').at(-1)) },
    ...(credentials && { credentials: { ...credentials } }),
    // Without being told, the driver takes any certificate.
    ...(tls && { sslOptions: { ...tls, rejectUnauthorized: true } }),
    // What a quorum has acknowledged the next owner reads.
    queryOptions: { consistency: types.consistencies.localQuorum },
    socketOptions: { readTimeout: REQUEST_TIMEOUT_MS, connectTimeout: CONNECT_TIMEOUT_MS },
    // Whole numbers of 64 bits are read as bigint, which costs less than the driver's own class.
    encoding: { useBigIntAsLong: true },
    monitorReporting: { enabled: false },
    policies: {
      reconnection: new policies.reconnection.ConstantReconnectionPolicy(RECONNECT_MS),
      // The session tries again, and knows when it is too late for that.
      retry: new policies.retry.FallthroughRetryPolicy(),
    },
  };
}
