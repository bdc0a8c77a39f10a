import {
  type Address,
  flagSetting,
  optionalSetting,
  type SettingSources,
  type ValuesOf,
} from '@chat-cluster/app-chat-node/settings';
import type { BrokerListener, Users } from '@chat-cluster/broker';
import { isLoopback } from '@chat-cluster/kernel';

/** What of a listener says how its clients say who they are. */
export type Security = Pick<BrokerListener, 'allowUnauthenticated' | 'sasl' | 'tls'>;
type Mechanism = NonNullable<Security['sasl']>['mechanisms'][number];

/** How clients say who they are. */
export const securitySettings = {
  users: optionalSetting({
    value: 'FILE',
    description: 'JSON: users and their passwords, {"ann": "…"}; clients then say who they are',
  }),
  sasl: optionalSetting({
    value: 'LIST',
    description: 'how: of PLAIN,SCRAM-SHA-256,SCRAM-SHA-512; with --users both SCRAMs if not given',
  }),
  'tls-cert': optionalSetting({ value: 'FILE', description: "PEM: the broker's certificate" }),
  'tls-key': optionalSetting({ value: 'FILE', description: 'PEM: its key' }),
  'tls-ca': optionalSetting({
    value: 'FILE',
    description: "PEM: who signs clients' certificates; clients then must show one",
  }),
  'allow-unauthenticated': flagSetting({
    description: 'where other machines can reach it, clients need not say who they are',
  }),
};

const MECHANISMS: readonly Mechanism[] = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'];
const SCRAMS = MECHANISMS.slice(1);

/** Reads the files that are named; a problem, in a sentence, where they or the settings cannot be used. What is in a file of users is never quoted. */
export function readSecurity(
  values: ValuesOf<typeof securitySettings>,
  { host }: Address,
  { readFile }: Pick<SettingSources, 'readFile'>,
):
  | { readonly kind: 'security'; readonly listener: Security; readonly users: Users }
  | { readonly kind: 'problem'; readonly problem: string } {
  const [cert, key, ca] = [values['tls-cert'].text, values['tls-key'].text, values['tls-ca'].text];
  if ((cert === undefined) !== (key === undefined) || (ca !== undefined && cert === undefined)) {
    return problem('--tls-cert and --tls-key go together, and --tls-ca goes with them.');
  }
  const isOpen = values.users.text === undefined && values.sasl.text === undefined;
  if (isOpen && ca === undefined && !isLoopback(host) && !values['allow-unauthenticated']) {
    return problem(
      `Other machines can reach ${host}, and clients would not have to say who they are: give --users or --tls-ca, listen on 127.0.0.1, or say --allow-unauthenticated.`,
    );
  }
  try {
    const users = values.users.text === undefined ? {} : usersIn(readFile(values.users.text));
    if (users === undefined) {
      return problem('--users is no JSON of names and passwords: {"ann": "her password"}.');
    }
    const listed = values.sasl.text?.split(',') ?? (values.users.text === undefined ? [] : SCRAMS);
    const mechanisms = listed.flatMap((name) => MECHANISMS.find((known) => known === name) ?? []);
    if (mechanisms.length < listed.length) {
      return problem(`--sasl is "${values.sasl.text}"; it must be of ${MECHANISMS.join(',')}.`);
    }
    return {
      kind: 'security',
      users,
      listener: {
        allowUnauthenticated: values['allow-unauthenticated'],
        ...(mechanisms.length > 0 && { sasl: { mechanisms } }),
        ...(cert !== undefined &&
          key !== undefined && {
            tls: {
              cert: readFile(cert),
              key: readFile(key),
              ...(ca !== undefined && { ca: readFile(ca), clientAuth: 'required' as const }),
            },
          }),
      },
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return problem(`A file of --users or --tls-… cannot be read: ${why}.`);
  }
}

/** Undefined if that is not what the text holds. */
function usersIn(text: string): Users | undefined {
  let users: unknown;
  try {
    users = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof users !== 'object' || users === null || Array.isArray(users)) return undefined;
  const passwords: readonly unknown[] = Object.values(users);
  return passwords.every((password) => typeof password === 'string') ? { ...users } : undefined;
}

function problem(sentence: string): { readonly kind: 'problem'; readonly problem: string } {
  return { kind: 'problem', problem: sentence };
}
