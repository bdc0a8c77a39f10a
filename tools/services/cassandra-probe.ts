import { exchange } from './addresses.ts';
import type { Address } from './addresses.ts';

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
  return exchangeQuery(address, who === 'this-node' ? queryOwnTable : querySharedTable);
}

/** Runs a CQL statement on one node; false if it does not succeed. */
export function runCql(address: Address, statement: string): Promise<boolean> {
  return exchangeQuery(address, queryFrame(statement, CONSISTENCY.one));
}

/** Whether the query of this frame has a result. */
async function exchangeQuery(address: Address, query: Buffer): Promise<boolean> {
  let asked = false;
  const answer = await exchange({
    address,
    request: startup,
    timeoutMs: 3000,
    until: (received, send) => {
      const frames = opcodesIn(received);
      if (frames.length === 0) return undefined;
      if (frames[0] !== OPCODE.ready) return false;
      if (frames.length >= 2) return frames[1] === OPCODE.result;
      if (!asked) send(query);
      asked = true;
      return undefined;
    },
  });
  return answer === true;
}

const OPCODE = { startup: 1, ready: 2, query: 7, result: 8 } as const;

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
