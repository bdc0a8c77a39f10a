/**
 * Why a broker did not start. The message is one sentence for a person, with what to do.
 * - `PORT_TAKEN`: another program listens there. Free the port, or choose another.
 * - `LISTEN_FAILED`: the address cannot be listened on.
 * - `NO_AUTHENTICATION`: other machines could reach a listener without saying who they are. Make it ask, or allow it.
 * - `INVALID_SECURITY`: keys, certificates, users or SASL options that cannot work. Correct them.
 * - `FOLDER_IN_USE`: another process has the data folder.
 * - `FOLDER_UNREADABLE`: permissions, or contents that are not a broker's.
 * - `FORMAT_TOO_NEW`: a newer version of the program wrote the folder.
 * - `DAMAGED`: durable bytes are missing or changed. Nothing has been deleted: restore from a backup.
 */
export type BrokerStartErrorCode =
  | 'PORT_TAKEN'
  | 'LISTEN_FAILED'
  | 'NO_AUTHENTICATION'
  | 'INVALID_SECURITY'
  | 'FOLDER_IN_USE'
  | 'FOLDER_UNREADABLE'
  | 'FORMAT_TOO_NEW'
  | 'DAMAGED';

export class BrokerStartError extends Error {
  override readonly name = 'BrokerStartError';
  readonly code: BrokerStartErrorCode;

  constructor(code: BrokerStartErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
