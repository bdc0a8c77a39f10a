import { declareApi } from '../api-declaration.ts';
import { array, bool, int16, int32, int64, string } from '../primitives.ts';
import { field, optional, struct, tagged } from '../struct.ts';

export const apiVersions = declareApi({
  key: 18,
  name: 'ApiVersions',
  versions: '0-4',
  flexibleVersions: '3+',
  request: {
    clientSoftwareName: field(string, '3+'),
    clientSoftwareVersion: field(string, '3+'),
  },
  response: {
    errorCode: field(int16),
    apiKeys: field(
      array(
        struct({
          apiKey: field(int16),
          minVersion: field(int16),
          maxVersion: field(int16),
        }),
      ),
    ),
    throttleTimeMs: optional(int32, '1+'),
    supportedFeatures: tagged(
      array(
        struct({
          name: field(string),
          minVersion: field(int16),
          maxVersion: field(int16),
        }),
      ),
      { tag: 0, versions: '3+' },
    ),
    finalizedFeaturesEpoch: tagged(int64, { tag: 1, versions: '3+', defaultValue: -1 }),
    finalizedFeatures: tagged(
      array(
        struct({
          name: field(string),
          maxVersionLevel: field(int16),
          minVersionLevel: field(int16),
        }),
      ),
      { tag: 2, versions: '3+' },
    ),
    zkMigrationReady: tagged(bool, { tag: 3, versions: '3+' }),
  },
});
