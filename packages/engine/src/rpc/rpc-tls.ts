/** PEM files of one side of a connection. */
export type RpcTls = {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  /** Who signs the other side's certificates. On a server: callers must show one (mutual TLS). On a client: default, the system's. */
  readonly ca?: string | Buffer;
};
