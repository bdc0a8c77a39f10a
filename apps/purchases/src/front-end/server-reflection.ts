import type { DescService } from '@bufbuild/protobuf';
import { Code, type ConnectRouter } from '@connectrpc/connect';
import { ServerReflection, ServerReflectionV1alpha } from '@chat-cluster/contract/reflection';
import { ReflectedFiles } from './reflected-files.ts';

/**
 * Serves gRPC's server reflection for these services and for itself, in both versions, so that a client such as
 * grpcurl needs no .proto files. Requests of a stream are answered one after the other.
 * https://github.com/grpc/grpc/blob/master/doc/server-reflection.md
 */
export function serveReflection(router: ConnectRouter, services: readonly DescService[]): void {
  const files = new ReflectedFiles([...services, ServerReflection, ServerReflectionV1alpha]);
  router.service(ServerReflection, {
    serverReflectionInfo: (requests) => answerEach(files, requests),
  });
  router.service(ServerReflectionV1alpha, {
    serverReflectionInfo: (requests) => answerEach(files, requests),
  });
}

/** A request of either version. */
type ReflectionRequest = {
  readonly host: string;
  readonly messageRequest:
    | { readonly case: 'fileByFilename'; readonly value: string }
    | { readonly case: 'fileContainingSymbol'; readonly value: string }
    | {
        readonly case: 'fileContainingExtension';
        readonly value: { readonly containingType: string };
      }
    | { readonly case: 'allExtensionNumbersOfType'; readonly value: string }
    | { readonly case: 'listServices'; readonly value: string }
    | { readonly case: undefined };
};

async function* answerEach<Request extends ReflectionRequest>(
  files: ReflectedFiles,
  requests: AsyncIterable<Request>,
) {
  for await (const request of requests) {
    yield {
      validHost: request.host,
      originalRequest: request,
      messageResponse: answerOf(files, request),
    };
  }
}

function answerOf(files: ReflectedFiles, { messageRequest: asked }: ReflectionRequest) {
  switch (asked.case) {
    case 'listServices':
      return {
        case: 'listServicesResponse' as const,
        value: { service: files.serviceNames.map((name) => ({ name })) },
      };
    case 'fileByFilename':
      return fileAnswer(files.fileNamed(asked.value), `There is no file ${asked.value}.`);
    case 'fileContainingSymbol':
      return fileAnswer(files.fileDeclaring(asked.value), `Nothing is called ${asked.value}.`);
    case 'fileContainingExtension':
      return failure(Code.NotFound, `${asked.value.containingType} has no extensions.`);
    case 'allExtensionNumbersOfType':
      if (!files.hasMessage(asked.value)) {
        return failure(Code.NotFound, `There is no message ${asked.value}.`);
      }
      return {
        case: 'allExtensionNumbersResponse' as const,
        value: { baseTypeName: asked.value },
      };
    case undefined:
    default:
      return failure(Code.InvalidArgument, 'The request asks for nothing that is known here.');
  }
}

function fileAnswer(files: readonly Uint8Array[] | undefined, otherwise: string) {
  if (files === undefined) return failure(Code.NotFound, otherwise);
  return {
    case: 'fileDescriptorResponse' as const,
    value: { fileDescriptorProto: [...files] },
  };
}

function failure(errorCode: Code, errorMessage: string) {
  return { case: 'errorResponse' as const, value: { errorCode, errorMessage } };
}
