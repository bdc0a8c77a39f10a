// Clients that send exactly what they are told, for tests that compare this broker with others.
export { WireClient } from './server/wire-client.ts';
export { WireProducer } from './transactions/wire-producer.ts';
export { ErrorCode } from './wire/error-codes.ts';
export { testCertificates } from './security/test-certificates.ts';
