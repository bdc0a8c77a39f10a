import type { EntityDefinition } from '@chat-cluster/engine';

type Visits = { readonly count: number };
type Visit = { readonly page: string };

const encode = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const parse = (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(bytes).toString());

/** A whole entity: counts the visits of each page that come in on `visits`, and puts every hundredth out on `milestones`. */
export const visits: EntityDefinition<Visits, Visit, Visit> = {
  type: 'visits',
  inputs: {
    visits: ({ value }) => {
      const page = Buffer.from(value ?? []).toString();
      return page === ''
        ? { ok: false, code: 'empty', reason: 'The value must be the name of a page.' }
        : { ok: true, entityId: page, command: { page } };
    },
  },
  outputTopics: ['milestones'],
  deadLetterTopic: 'visits_dead_letter',
  initialState: () => ({ count: 0 }),
  decide: ({ count }, { page }) => {
    const isMilestone = (count + 1) % 100 === 0;
    const milestone = { topic: 'milestones', key: page, value: encode({ page, count: count + 1 }) };
    return { kind: 'decided', events: [{ page }], outputs: isMilestone ? [milestone] : [] };
  },
  evolve: ({ count }) => ({ count: count + 1 }),
  answer: ({ count }) => ({ kind: 'answer', bytes: encode({ count }) }),
  encodeEvent: encode,
  decodeEvent: (bytes) => parse(bytes) as Visit,
  encodeState: encode,
  decodeState: (bytes) => parse(bytes) as Visits,
  stateSizeBytes: () => 16,
};
