export { type BrokerSettings, readBrokerConfiguration } from './configuration.ts';
export { runBroker } from './run-broker.ts';
