import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ServicesError } from './services-error.ts';

/** What a services folder holds of one kind of server, kept in `<dir>/<kind>.json`. */
export type Shape = { nodeCount: number; port: number; clusterId: string };

/** The shape that a folder has, or undefined when it holds nothing of this kind. */
export function readShape(dir: string, kind: 'kafka' | 'cassandra'): Shape | undefined {
  let text: string;
  try {
    text = readFileSync(join(dir, `${kind}.json`), 'utf8');
  } catch {
    return undefined;
  }
  return parseShape(text, join(dir, `${kind}.json`));
}

/**
 * The shape that a folder already has, or a new one that it may be given. Servers keep their peers'
 * addresses in their data, so a folder's number of nodes and ports stay what they were at first.
 *
 * @throws ServicesError `other-shape`.
 */
export function shapeFor(options: {
  dir: string;
  kind: 'kafka' | 'cassandra';
  nodeCount: number;
  port: number;
}): Shape {
  const { dir, kind, nodeCount, port } = options;
  const found = readShape(dir, kind);
  if (found === undefined) return { nodeCount, port, clusterId: newClusterId() };
  if (found.nodeCount === nodeCount && found.port === port) return found;
  throw new ServicesError(
    'other-shape',
    `${dir} holds ${kind} with ${found.nodeCount} node(s) at port ${found.port}, not ${nodeCount} at ${port}. ` +
      `Use another --dir, or stop and start with --fresh, which deletes its data.`,
  );
}

/** Gives a folder its shape, before its first server starts. */
export function writeShape(dir: string, kind: 'kafka' | 'cassandra', shape: Shape): void {
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, `${kind}.json`), `${JSON.stringify(shape)}\n`);
}

/** Deletes all that a folder holds of one kind of server. Its servers must not run. */
export function deleteShape(dir: string, kind: 'kafka' | 'cassandra', shape: Shape): void {
  for (let node = 1; node <= shape.nodeCount; node += 1) {
    rmSync(join(dir, `${kind}-${node}`), { recursive: true, force: true });
  }
  rmSync(join(dir, `${kind}.json`), { force: true });
}

/** A Kafka cluster id: 16 random bytes in base64url. Kafka's tool refuses one that looks like an option. */
function newClusterId(): string {
  const id = randomBytes(16).toString('base64url');
  return id.startsWith('-') ? newClusterId() : id;
}

function parseShape(text: string, path: string): Shape {
  const shape: unknown = JSON.parse(text);
  if (
    typeof shape === 'object' &&
    shape !== null &&
    'nodeCount' in shape &&
    typeof shape.nodeCount === 'number' &&
    'port' in shape &&
    typeof shape.port === 'number' &&
    'clusterId' in shape &&
    typeof shape.clusterId === 'string'
  ) {
    return { nodeCount: shape.nodeCount, port: shape.port, clusterId: shape.clusterId };
  }
  throw new ServicesError(
    'other-shape',
    `${path} is not readable; delete its folder and start again.`,
  );
}
