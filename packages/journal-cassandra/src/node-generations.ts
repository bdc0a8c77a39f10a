import type { Client, Host, QueryOptions } from 'cassandra-driver';

/** Node → its generation, which is higher after each of its starts; undefined while it does not answer. */
export type NodeGenerations = ReadonlyMap<string, number | undefined>;

const READ_GENERATION = 'SELECT gossip_generation FROM system.local';

/** Asks every node of the data center that the journal writes to. */
export async function readNodeGenerations(
  client: Client,
  localDataCenter: string,
): Promise<NodeGenerations> {
  const nodes = client.hosts.values().filter(({ datacenter }) => datacenter === localDataCenter);
  return new Map(
    await Promise.all(
      nodes.map(async (node): Promise<[string, number | undefined]> => {
        return [node.address, await readGeneration(client, node)];
      }),
    ),
  );
}

async function readGeneration(client: Client, host: Host): Promise<number | undefined> {
  const options: QueryOptions = { prepare: true, host };
  try {
    const result = await client.execute(READ_GENERATION, [], options);
    const [row] = result.rows as unknown as readonly { readonly gossip_generation: number }[];
    return row?.gossip_generation;
  } catch {
    return undefined; // whatever it is, nothing is known of this node
  }
}
