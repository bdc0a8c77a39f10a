import { connect } from 'node:net';
import type { Timers } from '@chat-cluster/kernel';
import type { AttendingOptions, Probed } from './attending.ts';
import { isRefusedConnection } from './refused-connection.ts';

/** Connects to HOST:PORT and hangs up. Rejects only with the reason of its signal. */
export function probeEndpoint(
  endpoint: string,
  { timers, timeoutMs, signal }: AttendingOptions & { readonly timers: Timers },
): Promise<Probed> {
  signal.throwIfAborted();
  const { hostname, port } = new URL(`http://${endpoint}`);
  return new Promise((resolve, reject) => {
    // An address in brackets is one of IPv6.
    const host = hostname.replace(/^\[|\]$/g, '');
    const socket = connect({ host, port: Number(port || 80) });
    const end = (settle: () => void): void => {
      cancel();
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      settle();
    };
    const onAbort = (): void => end(() => reject(signal.reason as Error));
    const cancel = timers.after(timeoutMs, () => end(() => resolve('unclear')));
    signal.addEventListener('abort', onAbort);
    socket.on('connect', () => end(() => resolve('connected')));
    socket.on('error', (error) =>
      end(() => resolve(isRefusedConnection(error) ? 'refused' : 'unclear')),
    );
  });
}
