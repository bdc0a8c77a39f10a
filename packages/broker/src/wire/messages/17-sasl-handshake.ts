import { declareApi } from '../api-declaration.ts';
import { array, int16, string } from '../primitives.ts';
import { field } from '../struct.ts';

export const saslHandshake = declareApi({
  key: 17,
  name: 'SaslHandshake',
  versions: '0-1',
  flexibleVersions: 'none',
  request: { mechanism: field(string) },
  response: { errorCode: field(int16), mechanisms: field(array(string)) },
});
