/**
 * What can go wrong with a log, by what the caller has to do about it.
 *
 * | code | try again? | meaning |
 * | --- | --- | --- |
 * | unavailable | yes | no broker answered in time, or the coordinator or leader is moving |
 * | unknown-topic | no | the topic does not exist |
 * | topic-recreated | no | the topic has another id than the one asked for: it is a new log that starts at 0 |
 * | offset-out-of-range | no | the position is before the log's start or past its end |
 * | unstable-offsets | yes | offsets of an open transaction are pending |
 * | not-a-member | join again | the group does not know this member, or its generation is over |
 * | rebalancing | after joining | the group is rebalancing |
 * | fenced | no | a newer producer holds the transactional id, or a newer member this instance |
 * | too-large | no | the record or batch exceeds what the topic accepts |
 * | refused | no | the request is invalid or not authorised; the message says why |
 * | corrupt | no | bytes that break the format or a checksum |
 * | closed | no | this end was closed |
 */
export type LogErrorCode =
  | 'unavailable'
  | 'unknown-topic'
  | 'topic-recreated'
  | 'offset-out-of-range'
  | 'unstable-offsets'
  | 'not-a-member'
  | 'rebalancing'
  | 'fenced'
  | 'too-large'
  | 'refused'
  | 'corrupt'
  | 'closed';

/** An operating error of a log; `retriable` tells whether the same call may succeed later. */
export class LogError extends Error {
  override readonly name = 'LogError';
  readonly code: LogErrorCode;

  constructor(code: LogErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }

  get retriable(): boolean {
    return (
      this.code === 'unavailable' || this.code === 'unstable-offsets' || this.code === 'rebalancing'
    );
  }
}
