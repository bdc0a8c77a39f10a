const TOPIC_NAME_MAX = 249;

/** Why a topic cannot have this name, as a sentence, or null when it can. Kafka's rules. */
export function refuseTopicName(name: string): string | null {
  if (name === '') return 'The topic has no name.';
  if (name === '.' || name === '..') return `A topic cannot be named "${name}".`;
  if (name.length > TOPIC_NAME_MAX) {
    return `The topic name has ${name.length} characters; at most ${TOPIC_NAME_MAX} are allowed.`;
  }
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) {
    return `The topic name "${name}" has other characters than letters, digits, ".", "_" and "-".`;
  }
  return null;
}
