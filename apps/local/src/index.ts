export { readLocalConfiguration, type LocalSettings } from './configuration.ts';
export { runLocal } from './run-local.ts';
