import { USER_ID_BYTES_MAX } from '../limits.ts';
import { utf8SizeBytes } from '../utf8.ts';

/** Why no user has this id, as a sentence; undefined if one can. */
export function userIdProblem(id: string): string | undefined {
  if (id === '') return 'The id is empty; it must be that of a user.';
  const bytes = utf8SizeBytes(id);
  if (bytes <= USER_ID_BYTES_MAX) return undefined;
  return `The id has ${bytes} bytes; at most ${USER_ID_BYTES_MAX} are allowed.`;
}
