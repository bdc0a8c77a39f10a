import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { createSecureContext, TLSSocket, type TlsOptions as ServerOptions } from 'node:tls';
import { BrokerStartError } from '../broker-start-error.ts';
import { ANONYMOUS } from './connection-authentication.ts';
import { subjectName } from './distinguished-name.ts';
import type { TlsOptions } from './listener-security.ts';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/gu;

/**
 * What node:tls serves a listener with.
 *
 * @throws BrokerStartError INVALID_SECURITY
 */
export function tlsServerOptions(tls: TlsOptions): ServerOptions {
  const { key, cert, ca, clientAuth = 'none' } = tls;
  try {
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
      throw new Error('the key is not that of the certificate');
    }
    createSecureContext({ key, cert });
  } catch (cause) {
    throw invalid(
      'The private key (tls.key) and the certificate (tls.cert) of a listener must be PEM texts that belong together',
      cause,
    );
  }
  if (ca !== undefined) requireCertificates(ca);
  if (ca === undefined && clientAuth !== 'none') {
    throw invalid(
      'A listener that asks clients for certificates needs those of the authorities that sign them (tls.ca)',
    );
  }
  return {
    key,
    cert,
    ...(ca === undefined ? {} : { ca }),
    requestCert: clientAuth !== 'none',
    rejectUnauthorized: clientAuth === 'required',
  };
}

/**
 * Who the client is by its certificate: `User:ANONYMOUS` without one, null with one that no authority of the listener
 * has signed, or whose subject cannot be read.
 */
export function principalByCertificate(socket: Socket): string | null {
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  if (certificate === undefined || !(socket instanceof TLSSocket)) return ANONYMOUS;
  if (!socket.authorized) return null;
  try {
    return `User:${subjectName(certificate.raw)}`;
  } catch (error) {
    if (error instanceof RangeError) return null; // OpenSSL reads more than DER
    throw error;
  }
}

/** Node.js takes a text without certificates for no authorities at all. */
function requireCertificates(ca: string): void {
  const certificates = ca.match(CERTIFICATE) ?? [];
  try {
    const authorities = certificates.map((certificate) => new X509Certificate(certificate));
    if (authorities.length > 0) return;
  } catch (cause) {
    throw invalid('The authorities of a listener (tls.ca) must be certificates in PEM', cause);
  }
  throw invalid('The authorities of a listener (tls.ca) must be certificates in PEM');
}

/** The cause says what OpenSSL found, without any of the key. */
function invalid(problem: string, cause?: unknown): BrokerStartError {
  const reason = cause instanceof Error ? ` (${cause.message})` : '';
  return new BrokerStartError('INVALID_SECURITY', `${problem}${reason}; correct them.`, { cause });
}
