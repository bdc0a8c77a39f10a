/** Where a worker, or a node, answers other nodes. */
export type WorkerEndpoint = {
  /** Of this machine, as other nodes reach it. */
  readonly host: string;
  readonly port: number;
  /** The name in the group, the same after a restart. Default: HOST:PORT. */
  readonly name?: string | undefined;
  /** What nodes show each other, the same for all of them. On a host that others reach, this or `tls` with a `ca` is needed. */
  readonly secret?: string | undefined;
  /** PEM. Default: no TLS. `ca`: who signs the nodes' certificates; nodes then must show one. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string } | undefined;
};

/** HOST:PORT; an IPv6 address in brackets. */
export function endpointText({ host, port }: Pick<WorkerEndpoint, 'host' | 'port'>): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The endpoint of a node's worker of this index: the node has the port itself, and its workers those after it. Of any free port, any free ones. */
export function endpointOfWorker(node: WorkerEndpoint, index: number): WorkerEndpoint {
  const { name, port } = node;
  return {
    ...node,
    port: port === 0 ? 0 : port + 1 + index,
    name: name === undefined ? undefined : `${name}-${index + 1}`,
  };
}
