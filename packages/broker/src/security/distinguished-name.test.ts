import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { subjectName } from './distinguished-name.ts';
import { testCertificates } from './test-certificates.ts';

/** Everything that RFC 2253 writes in a way of its own. */
const odd = `-----BEGIN CERTIFICATE-----
MIICuDCCAl+gAwIBAgIUC6ljcNMa1CC6T1icoQfw+T5dgmEwCgYIKoZIzj0EAwIw
gbAxCzAJBgNVBAYTAkRFMRkwFwYDVQQKDBBFeGFtcGxlLCBJbmMuICMxMRcwFQYD
VQQLDA4gYStiPSJ4IiA8Oz5cIDEUMBIGCSqGSIb3DQEJARYFYUBiLmMxDzANBgNV
BAMMBsOEbGljZTEiMA4GA1UEBAwHTGlkZGVsbDAQBgoJkiaJk/IsZAEBDAJhbDET
MBEGCgmSJomT8ixkARkWA29yZzENMAsGA1UEDAwEYm9zczAgFw0yNjExMjIwOTE3
MDZaGA8yMTI2MTAyOTA5MTcwNlowgbAxCzAJBgNVBAYTAkRFMRkwFwYDVQQKDBBF
eGFtcGxlLCBJbmMuICMxMRcwFQYDVQQLDA4gYStiPSJ4IiA8Oz5cIDEUMBIGCSqG
SIb3DQEJARYFYUBiLmMxDzANBgNVBAMMBsOEbGljZTEiMA4GA1UEBAwHTGlkZGVs
bDAQBgoJkiaJk/IsZAEBDAJhbDETMBEGCgmSJomT8ixkARkWA29yZzENMAsGA1UE
DAwEYm9zczBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABPpjjKWxcKoHRltElgx9
7X+iORah1768Vj86Ipz4MVqB3AqJtegzWizXNsEzPeY/Tnsjff442za6FhL3MC12
LYGjUzBRMB0GA1UdDgQWBBR6H3SjuwFTcttqzHRfd4jSzHBVGTAfBgNVHSMEGDAW
gBR6H3SjuwFTcttqzHRfd4jSzHBVGTAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49
BAMCA0cAMEQCIDLrniY236RDXb8depnv59DxjE0VJXJaPjqEDHJ1bCRYAiBuTfOt
Z+Kpv6AcU6IMZ7KqDVsw/8pACWn8mPP8x0XtQQ==
-----END CERTIFICATE-----
`;

test('a subject is written as Java writes it', () => {
  const nameOf = (pem: string) => subjectName(new X509Certificate(pem).raw);
  assert.equal(
    nameOf(testCertificates.clientCert),
    String.raw`CN=alice,OU=chat,O=Example\, Inc.,C=DE`,
  );
  // What getSubjectX500Principal().getName() of Java 17 gave for the same certificate.
  const parts = [
    '2.5.4.12=#0c04626f7373',
    'DC=org',
    '2.5.4.4=#0c074c696464656c6c+UID=al',
    'CN=Älice',
    '1.2.840.113549.1.9.1=#16056140622e63',
    String.raw`OU=\ a\+b\=\"x\" \<\;\>\\\ `,
    String.raw`O=Example\, Inc. \#1`,
    'C=DE',
  ];
  assert.equal(nameOf(odd), parts.join(','));
});

test('what is no certificate is refused', () => {
  const { raw } = new X509Certificate(odd);
  const open = Buffer.from(raw);
  open[1] = 0x80; // its length is left open
  assert.throws(() => subjectName(open), RangeError);
  for (let length = 1; length < raw.byteLength; length += 7) {
    assert.throws(() => subjectName(raw.subarray(0, length)), RangeError);
  }
});
