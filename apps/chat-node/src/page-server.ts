import { createServer } from 'node:http';
import { closeServer, listenOnLoopback } from '@chat-cluster/node';

export type PageServer = { readonly port: number; close(): Promise<void> };

/** Serves one page at `/`, on loopback. */
export async function startPageServer(options: {
  readonly port: number;
  readonly html: string;
}): Promise<PageServer> {
  const server = createServer((request, response) => {
    if (request.url !== '/' || (request.method !== 'GET' && request.method !== 'HEAD')) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('Nothing here.\n');
      return;
    }
    response.writeHead(200, PAGE_HEADERS).end(request.method === 'HEAD' ? undefined : options.html);
  });
  const port = await listenOnLoopback(server, { port: options.port, setting: '--http-port' });
  return { port, close: () => closeServer(server) };
}

const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};
