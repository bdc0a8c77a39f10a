import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport } from '@connectrpc/connect-node';
import { systemTimers } from '@chat-cluster/kernel';
import { EntityService } from '../gen/chatcluster/engine/v1/entity_service_pb.ts';
import { RpcPeers } from '../routing/rpc-peers.ts';
import { listenRpc, type RpcServerOptions } from './listen-rpc.ts';
import { testCertificates } from './test-certificates.ts';

const { ca, cert, key, strangerCert, strangerKey } = testCertificates;

async function listen(t: TestContext, options: Partial<RpcServerOptions> = {}): Promise<number> {
  const server = await listenRpc({
    host: '0.0.0.0',
    port: 0,
    routes: (router) =>
      router.service(EntityService, {
        shardMap: ({ entityType }) => ({ generationId: entityType.length }),
      }),
    access: { kind: 'nodes' },
    tls: { cert, key, ca },
    timers: systemTimers,
    report: () => undefined,
    ...options,
  });
  t.after(() => server.close());
  return server.port;
}

async function askMap(
  t: TestContext,
  port: number,
  credentials: ConstructorParameters<typeof RpcPeers>[0],
): Promise<number> {
  const peers = new RpcPeers(credentials, systemTimers);
  t.after(() => peers.close());
  const options = { timeoutMs: 5_000, signal: new AbortController().signal };
  return (await peers.shardMap(`localhost:${port}`, 'four', options)).generationId;
}

suite('mutual TLS', () => {
  test('lets nodes in whose certificate is signed by the authority, over HTTP/2 and HTTP/1.1', async (t) => {
    const port = await listen(t);
    assert.equal(await askMap(t, port, { tls: { ca, cert, key } }), 4);
    const overHttp1 = createConnectTransport({
      baseUrl: `https://localhost:${port}`,
      httpVersion: '1.1',
      nodeOptions: { ca, cert, key },
    });
    const map = await createClient(EntityService, overHttp1).shardMap({ entityType: 'four' });
    assert.equal(map.generationId, 4);
  });

  test('tells in a sentence who has no certificate, or one of a stranger', async (t) => {
    const port = await listen(t);
    const message = /did not let this node in \(This port is for nodes that show a certificate/;
    await assert.rejects(askMap(t, port, { tls: { ca } }), { code: 'unauthenticated', message });
    const stranger = { ca, cert: strangerCert, key: strangerKey };
    await assert.rejects(askMap(t, port, { tls: stranger }), { code: 'unauthenticated', message });
    const grpc = createGrpcTransport({
      baseUrl: `https://localhost:${port}`,
      nodeOptions: { ca },
    });
    await assert.rejects(createClient(EntityService, grpc).shardMap({}), (error) => {
      assert(error instanceof ConnectError);
      assert.equal(error.code, Code.Unauthenticated);
      return true;
    });
  });

  test('wants the secret too, where there is one', async (t) => {
    const secret = 'a secret between nodes';
    const port = await listen(t, { access: { kind: 'nodes', secret } });
    assert.equal(await askMap(t, port, { secret, tls: { ca, cert, key } }), 4);
    const message = /shows none/;
    await assert.rejects(askMap(t, port, { tls: { ca, cert, key } }), { message });
    await assert.rejects(askMap(t, port, { secret, tls: { ca } }), { code: 'unauthenticated' });
  });

  test('is no reason to trust a node that a stranger signed', async (t) => {
    const port = await listen(t, { tls: { cert: strangerCert, key: strangerKey, ca } });
    await assert.rejects(askMap(t, port, { tls: { ca, cert, key } }), { name: 'PeerError' });
  });

  test('keeps a port from being open to everybody only if it asks for certificates', async (t) => {
    await assert.rejects(listen(t, { tls: { cert, key } }), { code: 'no-authentication' });
  });
});
