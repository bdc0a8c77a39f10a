/** gRPC's server reflection, in the two versions that clients ask for: the same messages under two names. */
export { ServerReflection } from './gen/grpc/reflection/v1/reflection_pb.ts';
export { ServerReflection as ServerReflectionV1alpha } from './gen/grpc/reflection/v1alpha/reflection_pb.ts';
