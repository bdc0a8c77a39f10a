/** The options of the journal that a program's user may have to set. */
type NamedOption = 'localDataCenter' | 'replication' | 'credentials' | 'tls' | 'batchBytesMax';

/** What a program calls them, for sentences that say what to set. */
export type OptionNames = Readonly<Record<NamedOption, string>>;

/** For who opens a journal in code. */
export const ownNames: OptionNames = {
  localDataCenter: 'localDataCenter',
  replication: 'replication',
  credentials: 'credentials',
  tls: 'tls',
  batchBytesMax: 'batchBytesMax',
};
