import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, createFileRegistry, fromBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { Code, createClient, createRouterTransport } from '@connectrpc/connect';
import { UserService } from '@chat-cluster/contract/purchases';
import { ServerReflection, ServerReflectionV1alpha } from '@chat-cluster/contract/reflection';
import { serveReflection } from './server-reflection.ts';

const transport = createRouterTransport((router) => serveReflection(router, [UserService]));

type Asked = MessageInitShape<(typeof ServerReflection.method.serverReflectionInfo)['input']>;

async function askAll(...asked: readonly Asked[]) {
  const requests = async function* (): AsyncGenerator<Asked> {
    yield* asked;
  };
  const answers = createClient(ServerReflection, transport).serverReflectionInfo(requests());
  return (await Array.fromAsync(answers)).map(({ messageResponse }) => messageResponse);
}

function fileNames(answer: Awaited<ReturnType<typeof askAll>>[number] | undefined): string[] {
  assert.ok(answer?.case === 'fileDescriptorResponse', answer?.case);
  return answer.value.fileDescriptorProto.map(
    (bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name,
  );
}

test('the services are listed, reflection itself among them', async () => {
  const [answer] = await askAll({ messageRequest: { case: 'listServices', value: '' } });
  assert.ok(answer?.case === 'listServicesResponse');
  assert.deepEqual(
    answer.value.service.map(({ name }) => name),
    [
      'UserService',
      'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection',
    ],
  );
});

test('a client that knows only a name finds all that it needs to call', async () => {
  const symbols = [
    'UserService',
    'UserService.UserStats',
    'UserStatsResponse',
    'UserStatsResponse.totalPrice',
  ];
  const answers = await askAll(
    ...symbols.map((value) => ({
      messageRequest: { case: 'fileContainingSymbol' as const, value },
    })),
    { messageRequest: { case: 'fileByFilename', value: 'user_service.proto' } },
  );
  for (const answer of answers) assert.deepEqual(fileNames(answer), ['user_service.proto']);
  const [first] = answers;
  assert.ok(first?.case === 'fileDescriptorResponse');
  const file = first.value.fileDescriptorProto.map((bytes) =>
    fromBinary(FileDescriptorProtoSchema, bytes),
  );
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file }));
  const method = registry.getService('UserService')?.method['userStats'];
  assert.deepEqual(
    method?.output.fields.map(({ name, number }) => [name, number]),
    [
      ['id', 1],
      ['totalPurchases', 2],
      ['totalPrice', 3],
    ],
  );
});

test('what does not exist is answered with an error, and the stream goes on', async () => {
  const answers = await askAll(
    { messageRequest: { case: 'fileContainingSymbol', value: 'Nobody' } },
    { messageRequest: { case: 'fileByFilename', value: 'nothing.proto' } },
    {
      messageRequest: {
        case: 'fileContainingExtension',
        value: { containingType: 'UserStatsRequest', extensionNumber: 100 },
      },
    },
    { messageRequest: { case: 'allExtensionNumbersOfType', value: 'Nobody' } },
    {},
    { messageRequest: { case: 'allExtensionNumbersOfType', value: 'UserStatsRequest' } },
  );
  assert.deepEqual(
    answers.map(({ case: kind, value }) => (kind === 'errorResponse' ? value.errorCode : kind)),
    [
      Code.NotFound,
      Code.NotFound,
      Code.NotFound,
      Code.NotFound,
      Code.InvalidArgument,
      'allExtensionNumbersResponse',
    ],
  );
});

test('the older version gives the same answers under its own name', async () => {
  const client = createClient(ServerReflectionV1alpha, transport);
  const requests = async function* () {
    yield {
      host: 'h',
      messageRequest: { case: 'fileContainingSymbol' as const, value: 'UserService' },
    };
  };
  const [answer] = await Array.fromAsync(client.serverReflectionInfo(requests()));
  assert.equal(answer?.$typeName, 'grpc.reflection.v1alpha.ServerReflectionResponse');
  assert.equal(answer.validHost, 'h');
  assert.equal(answer.originalRequest?.messageRequest.value, 'UserService');
  assert.equal(answer.messageResponse.case, 'fileDescriptorResponse');
});
