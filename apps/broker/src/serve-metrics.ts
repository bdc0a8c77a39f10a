import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BrokerStartError } from '@chat-cluster/broker';

const HOST = '127.0.0.1';

export type MetricsServer = {
  readonly port: number;
  /** Ends all connections. */
  close(): void;
};

/**
 * Answers GET /metrics on loopback with what `read` gives.
 *
 * @throws (rejects) BrokerStartError PORT_TAKEN
 */
export async function serveMetrics(
  port: number,
  read: () => Promise<string>,
): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404).end('There is GET /metrics.\n');
      return;
    }
    void read().then((text) => {
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(text);
    });
  });
  try {
    server.listen(port, HOST);
    await once(server, 'listening');
  } catch (cause) {
    throw new BrokerStartError(
      'PORT_TAKEN',
      `Port ${port} on ${HOST} is taken by another program; stop that program, or choose another port.`,
      { cause },
    );
  }
  return {
    port: (server.address() as AddressInfo).port, // a TCP server's address is never a path
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
