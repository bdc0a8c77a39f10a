// The codec alone, for tests that compare it with other implementations of Kafka's protocol.
export { isFlexible, type AnyApiDeclaration } from './api-declaration.ts';
export * as messages from './messages/index.ts';
export type { Nullable } from './nullable.ts';
export type { AnyStruct, Field } from './struct.ts';
export { includesVersion } from './version-range.ts';
export { WireReader } from './wire-reader.ts';
export { WireWriter } from './wire-writer.ts';
