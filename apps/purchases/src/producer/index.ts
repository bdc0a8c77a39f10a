export { readProducerConfiguration } from './configuration.ts';
export { runProducer } from './run-producer.ts';
