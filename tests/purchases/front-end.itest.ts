import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { UserClient } from '@chat-cluster/app-purchases/client';
import { UserService } from '@chat-cluster/contract/purchases';
import { ServerReflection } from '@chat-cluster/contract/reflection';
import { LoneProcessor } from './lone-processor.ts';
import type { Processor } from './purchases-cluster.ts';

const NODE_PORT = 19_752;
const HOST = '127.0.0.2';

const PROTO = 'packages/engine/proto/chatcluster/engine/v1/entity_service.proto';
const ENTITY_SERVICE = 'chatcluster.engine.v1.EntityService';

describe('the front end of a processor', () => {
  let lone: LoneProcessor;
  let processor: Processor;
  let baseUrl: string;

  before(async () => {
    lone = await LoneProcessor.start(NODE_PORT, ['--front-end-host', HOST]);
    processor = lone.processor;
    baseUrl = `http://${HOST}:${processor.frontEndPort}`;
  });
  after(() => lone[Symbol.asyncDispose]());

  it('is at the host that it was given, and nowhere else', async () => {
    const client = new UserClient({ host: HOST, port: processor.frontEndPort });
    assert.equal((await client.stats('7')).totalPrice, 0n);
    client.close();
    const elsewhere = new UserClient({ host: '127.0.0.1', port: processor.frontEndPort });
    await assert.rejects(elsewhere.stats('7'), /^Error: Nobody listens at 127\.0\.0\.1:/);
    elsewhere.close();
  });

  it('knows nothing of what nodes ask each other', async () => {
    const names = [...readFileSync(PROTO, 'utf8').matchAll(/^ {2}rpc (\w+)\(/gm)];
    assert.ok(names.length >= 6, 'The service is read from its file.');
    for (const [, name = ''] of names) {
      assert.equal(await statusOf(baseUrl, name), 404, name);
      assert.equal(await statusOf(`http://127.0.0.1:${NODE_PORT}`, name), 415, name);
      assert.equal(await grpcCodeOf(baseUrl, name), Code.Unimplemented, name);
    }
  });

  it('lists UserService and reflection itself, and no other service', async () => {
    const client = createClient(ServerReflection, createGrpcTransport({ baseUrl }));
    const asked = async function* () {
      yield { messageRequest: { case: 'listServices' as const, value: '' } };
    };
    const [answer] = await Array.fromAsync(client.serverReflectionInfo(asked()));
    assert.ok(answer?.messageResponse.case === 'listServicesResponse');
    assert.deepEqual(
      answer.messageResponse.value.service.map(({ name }) => name),
      [
        'UserService',
        'grpc.reflection.v1.ServerReflection',
        'grpc.reflection.v1alpha.ServerReflection',
      ],
    );
  });
});

/** What a request that is no call comes to: 415 where the method is, 404 where it is not. */
async function statusOf(url: string, method: string): Promise<number> {
  const headers = { 'content-type': 'text/plain' };
  const { status } = await fetch(`${url}/${ENTITY_SERVICE}/${method}`, {
    method: 'POST',
    headers,
    body: '',
  });
  return status;
}

/** What a gRPC client is told; undefined for an answer. */
async function grpcCodeOf(baseUrl: string, name: string): Promise<Code | undefined> {
  const parent = { ...UserService, typeName: ENTITY_SERVICE };
  const method = { ...UserService.method.userStats, name, parent };
  try {
    await createGrpcTransport({ baseUrl }).unary(method, undefined, undefined, undefined, {});
    return undefined;
  } catch (error) {
    return ConnectError.from(error).code;
  }
}
