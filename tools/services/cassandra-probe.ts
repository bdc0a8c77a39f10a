import type { ConnectionOptions } from 'node:tls';
import { exchange } from './addresses.ts';
import type { Address } from './addresses.ts';
import type { CassandraSecurity } from './cassandra-config.ts';

/**
 * Whether a Cassandra node answers a query, as a client would ask it: native protocol, version 4.
 *
 * @param who `this-node` reads a table of the node's own; `all-nodes` reads a table that each of three nodes
 *   holds, with consistency ALL, which fails unless this node sees all of them up.
 */
export function cassandraAnswers(
  address: Address,
  who: 'this-node' | 'all-nodes',
): Promise<boolean> {
  const query = who === 'this-node' ? queryOwnTable : querySharedTable;
  return converse(address, [
    { request: startup, answer: OPCODE.ready },
    { request: query, answer: OPCODE.result },
  ]);
}

/** Whether a Cassandra node does what a statement says. */
export async function cassandraTakes(address: Address, statement: string): Promise<boolean> {
  return converse(address, [
    { request: startup, answer: OPCODE.ready },
    { request: queryFrame(statement, CONSISTENCY.one), answer: OPCODE.result },
  ]);
}

/** Whether a Cassandra node with these demands lets its user in, whom this makes with his keyspace. */
export async function cassandraLetsIn(
  address: Address,
  { ca, cert, key, keyspace, user, password }: CassandraSecurity,
): Promise<boolean> {
  const statements = [
    `CREATE ROLE IF NOT EXISTS ${user} WITH PASSWORD = '${password}' AND LOGIN = true`,
    `CREATE KEYSPACE IF NOT EXISTS ${keyspace} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`,
    `GRANT CREATE, SELECT, MODIFY ON KEYSPACE ${keyspace} TO ${user}`,
    `GRANT SELECT ON system_views.settings TO ${user}`,
  ];
  const turns: Turns = [
    { request: startup, answer: OPCODE.authenticate },
    // The one that every new Cassandra has.
    { request: loginFrame('cassandra', 'cassandra'), answer: OPCODE.authSuccess },
    ...statements.map((statement) => ({
      request: queryFrame(statement, CONSISTENCY.one),
      answer: OPCODE.result,
    })),
  ];
  return converse(address, turns, { ca, cert, key });
}

type Turns = readonly [Turn, ...Turn[]];
type Turn = { readonly request: Buffer; readonly answer: number };

/** Whether each request gets its answer; one is sent when the one before has it. */
async function converse(address: Address, turns: Turns, tls?: ConnectionOptions): Promise<boolean> {
  let sentCount = 1;
  const answer = await exchange({
    address,
    request: turns[0].request,
    timeoutMs: 3000,
    ...(tls && { tls }),
    until: (received, send) => {
      const opcodes = opcodesIn(received);
      if (opcodes.some((opcode, index) => opcode !== turns[index]?.answer)) return false;
      if (opcodes.length === turns.length) return true;
      const next = turns[opcodes.length];
      if (next === undefined || opcodes.length < sentCount) return undefined;
      send(next.request);
      sentCount += 1;
      return undefined;
    },
  });
  return answer === true;
}

const OPCODE = {
  startup: 1,
  ready: 2,
  authenticate: 3,
  query: 7,
  result: 8,
  authResponse: 15,
  authSuccess: 16,
} as const;

const CONSISTENCY = { one: 1, all: 5 } as const;

/** Frame => version:byte flags:byte stream:int16 opcode:byte length:int32 body */
function frame(opcode: number, body: Buffer): Buffer {
  const header = Buffer.from([4, 0, 0, 0, opcode, 0, 0, 0, 0]);
  header.writeInt32BE(body.length, 5);
  return Buffer.concat([header, body]);
}

/** STARTUP => count:int16 (name:string value:string)* */
const startup = frame(
  OPCODE.startup,
  Buffer.concat([Buffer.from([0, 1]), shortString('CQL_VERSION'), shortString('3.0.0')]),
);

const queryOwnTable = queryFrame('SELECT key FROM system.local', CONSISTENCY.one);

const querySharedTable = queryFrame(
  'SELECT * FROM system_distributed.view_build_status LIMIT 1',
  CONSISTENCY.all,
);

/** QUERY => length:int32 text consistency:int16 flags:byte */
function queryFrame(text: string, consistency: number): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(text.length);
  return frame(
    OPCODE.query,
    Buffer.concat([length, Buffer.from(text), Buffer.from([0, consistency, 0])]),
  );
}

/** AUTH_RESPONSE => length:int32 token; the token of PasswordAuthenticator => 0 user 0 password */
function loginFrame(user: string, password: string): Buffer {
  const token = Buffer.from(`\0${user}\0${password}`);
  const length = Buffer.alloc(4);
  length.writeInt32BE(token.length);
  return frame(OPCODE.authResponse, Buffer.concat([length, token]));
}

function shortString(text: string): Buffer {
  return Buffer.concat([Buffer.from([0, text.length]), Buffer.from(text)]);
}

/** The opcodes of the frames that have come in whole. */
function opcodesIn(received: Buffer): number[] {
  const opcodes: number[] = [];
  let at = 0;
  while (received.length >= at + 9) {
    const end = at + 9 + received.readInt32BE(at + 5);
    if (received.length < end) break;
    opcodes.push(received.readUInt8(at + 4));
    at = end;
  }
  return opcodes;
}
