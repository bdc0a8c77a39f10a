/** Whether only this machine reaches a host. Names other than localhost may be anything, so they are not. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
