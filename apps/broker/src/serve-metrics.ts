import { createServer } from 'node:http';
import { closeServer, listenOnLoopback } from '@chat-cluster/node/listen';

export type MetricsServer = { readonly port: number; close(): Promise<void> };

/**
 * Answers GET /metrics on loopback with what `read` gives.
 *
 * @throws (rejects) StartError
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
  const setting = '--metrics-port';
  return {
    port: await listenOnLoopback(server, { port, setting }),
    close: () => closeServer(server),
  };
}
