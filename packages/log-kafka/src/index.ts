export type { BrokerAddress } from './connections/broker-connection.ts';
export { type KafkaLogOptions, openKafkaLog, type SaslCredentials } from './kafka-log.ts';
export type { KafkaLogEvent, Report } from './report.ts';
