export {
  type AccessSettings,
  accessSettings,
  type NodeAccess,
  readAccess,
} from './access-settings.ts';
export {
  cassandraAccessSettings,
  cassandraSettings,
  type JournalSettings,
  readJournal,
} from './cassandra-settings.ts';
export {
  brokersSetting,
  partitionsSetting,
  replicationFactorSetting,
  workersSetting,
} from './cluster-settings.ts';
export { type JournalAddress, journalSetting, readJournalAddress } from './journal-address.ts';
export { didYouMean } from './nearest.ts';
export { portConflict } from './port-conflict.ts';
export { optionLines } from './option-lines.ts';
export {
  type Option,
  type Options,
  parseArguments,
  type ParsedArguments,
} from './parse-arguments.ts';
export { type Configuration, readConfiguration } from './read-configuration.ts';
export { readGiven, settingOptions, type SettingSources, type ValuesOf } from './read-settings.ts';
export {
  type Address,
  endpointSetting,
  flagSetting,
  numberSetting,
  optional,
  optionalSetting,
  portSetting,
  readAddress,
  readAddresses,
  type Setting,
  textSetting,
  wordSetting,
} from './setting.ts';
