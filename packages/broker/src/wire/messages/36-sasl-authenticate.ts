import { declareApi } from '../api-declaration.ts';
import { nullable } from '../nullable.ts';
import { bytes, int16, int64, string } from '../primitives.ts';
import { field, optional } from '../struct.ts';

export const saslAuthenticate = declareApi({
  key: 36,
  name: 'SaslAuthenticate',
  versions: '0-2',
  flexibleVersions: '2+',
  request: { authBytes: field(bytes) },
  response: {
    errorCode: field(int16),
    errorMessage: field(nullable(string)),
    authBytes: field(bytes),
    sessionLifetimeMs: optional(int64, '1+'),
  },
});
