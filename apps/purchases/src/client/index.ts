export { readClientConfiguration } from './configuration.ts';
export { runClient } from './run-client.ts';
export { UserClient } from './user-client.ts';
