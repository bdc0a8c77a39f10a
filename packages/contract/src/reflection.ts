import { createFileRegistry, fromJsonString, toJsonString } from '@bufbuild/protobuf';
import { type FileDescriptorProto, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { ServerReflection } from './gen/grpc/reflection/v1/reflection_pb.ts';

/** gRPC's server reflection. */
export { ServerReflection };

/** The same messages under the name that older clients ask for. */
export const ServerReflectionV1alpha = underName('v1alpha');

function underName(version: string): typeof ServerReflection {
  const file = renamed(ServerReflection.file.proto, version);
  const service = createFileRegistry(file, () => undefined).getService(
    `grpc.reflection.${version}.ServerReflection`,
  );
  // Its methods and messages are those of the other but for the package's name.
  return service as typeof ServerReflection;
}

/** A descriptor names the package in its path, and before each message that a field or a method is of. */
function renamed(file: FileDescriptorProto, version: string): FileDescriptorProto {
  const text = toJsonString(FileDescriptorProtoSchema, file)
    .replaceAll('grpc.reflection.v1', `grpc.reflection.${version}`)
    .replaceAll('grpc/reflection/v1', `grpc/reflection/${version}`);
  return fromJsonString(FileDescriptorProtoSchema, text);
}
