export { readProcessorConfiguration } from './configuration.ts';
export { runProcessor } from './run-processor.ts';
