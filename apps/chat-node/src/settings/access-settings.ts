import { isLoopback } from '@chat-cluster/kernel';
import type { SettingSources, ValuesOf } from './read-settings.ts';
import { type Address, optionalSetting, portSetting, textSetting } from './setting.ts';

/** Who may talk to a node, as every application's node is told. */
export const accessSettings = {
  secret: optionalSetting({
    value: 'TEXT',
    description:
      'that nodes show each other; better set in the environment, where others cannot see it',
  }),
  'tls-cert': optionalSetting({
    value: 'FILE',
    description: 'PEM: the certificate that this node shows other nodes',
  }),
  'tls-key': optionalSetting({ value: 'FILE', description: 'PEM: its key' }),
  'tls-ca': optionalSetting({
    value: 'FILE',
    description: "PEM: who signs the nodes' certificates; nodes then must show one",
  }),
  'management-host': textSetting({
    value: 'HOST',
    description: 'where operators and probes reach this node; another than loopback needs a token',
    mustBe: 'a host',
    default: '127.0.0.1',
  }),
  'management-port': portSetting({ description: 'for operators and probes', default: '8551' }),
  'management-token': optionalSetting({
    value: 'TEXT',
    description: 'that operators and probes show: Authorization: Bearer TEXT',
  }),
};

export type AccessSettings = ValuesOf<typeof accessSettings>;

/** What these settings mean for the ports of a node. */
export type NodeAccess = {
  readonly secret: string | undefined;
  readonly tls: { readonly cert: string; readonly key: string; readonly ca?: string } | undefined;
  readonly management: {
    readonly host: string;
    readonly port: number;
    readonly token: string | undefined;
  };
};

/** Reads the files that are named. A problem, in a sentence, where anybody on the network could call this node. */
export function readAccess(
  values: AccessSettings,
  endpoint: Address,
  { readFile }: Pick<SettingSources, 'readFile'>,
):
  | { readonly kind: 'access'; readonly access: NodeAccess }
  | { readonly kind: 'problem'; readonly problem: string } {
  const [cert, key, ca] = [values['tls-cert'].text, values['tls-key'].text, values['tls-ca'].text];
  if ((cert === undefined) !== (key === undefined) || (ca !== undefined && cert === undefined)) {
    return problem('--tls-cert and --tls-key go together, and --tls-ca goes with them.');
  }
  const secret = values.secret.text;
  if (!isLoopback(endpoint.host) && secret === undefined && ca === undefined) {
    return problem(
      `Other machines can reach ${endpoint.host}, and nodes would not have to say who they are: set CHATCLUSTER_SECRET, or --tls-cert, --tls-key and --tls-ca, the same for all nodes.`,
    );
  }
  const host = values['management-host'];
  const token = values['management-token'].text;
  if (!isLoopback(host) && token === undefined) {
    return problem(
      `Other machines can reach --management-host ${host}: set CHATCLUSTER_MANAGEMENT_TOKEN, which operators and probes then show.`,
    );
  }
  const management = { host, port: values['management-port'], token };
  if (cert === undefined || key === undefined) {
    return { kind: 'access', access: { secret, tls: undefined, management } };
  }
  try {
    const tls = {
      cert: readFile(cert),
      key: readFile(key),
      ...(ca !== undefined && { ca: readFile(ca) }),
    };
    return { kind: 'access', access: { secret, tls, management } };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return problem(`A file of --tls-cert, --tls-key or --tls-ca cannot be read: ${why}.`);
  }
}

function problem(sentence: string): { readonly kind: 'problem'; readonly problem: string } {
  return { kind: 'problem', problem: sentence };
}
