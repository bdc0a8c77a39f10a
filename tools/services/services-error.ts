/**
 * The closed set of reasons why the services cannot be started or stopped.
 *
 * - `java-missing`: no usable Java. Install one, then try again.
 * - `maven-missing`: the jars are not there yet and no `mvn` can fetch them. Install it, then try again.
 * - `jars-failed`: Maven ran and failed. Its output is in the message; try again when the network is back.
 * - `address-taken`: another program listens on an address we need. Choose another port.
 * - `address-unusable`: the machine has no such address (127.0.0.2 on macOS). The message says how to add it.
 * - `other-shape`: the folder holds another number of nodes or other ports. Use another folder, or start afresh.
 * - `busy`: what was asked for needs the services stopped first.
 * - `died`: a process ended before it was ready. Its last log lines are in the message.
 * - `not-ready`: a process runs but did not become ready in time. Its last log lines are in the message.
 */
export type ServicesErrorCode =
  | 'java-missing'
  | 'maven-missing'
  | 'jars-failed'
  | 'address-taken'
  | 'address-unusable'
  | 'other-shape'
  | 'busy'
  | 'died'
  | 'not-ready';

/** An operating error of the services: `message` is one or more sentences that say what to do. */
export class ServicesError extends Error {
  readonly code: ServicesErrorCode;

  constructor(code: ServicesErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'ServicesError';
    this.code = code;
  }
}
