import { connect } from 'node:net';

const CONNECT_TIMEOUT_MS = 500;

/** Whether something accepts connections at HOST:PORT within half a second. */
export function isReachable(endpoint: string): Promise<boolean> {
  const [, host, port] = /^(.*):(\d+)$/.exec(endpoint) ?? [];
  if (host === undefined) return Promise.resolve(false);
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), timeout: CONNECT_TIMEOUT_MS });
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => settle(true));
    socket.once('timeout', () => settle(false));
    socket.once('error', () => settle(false));
  });
}
