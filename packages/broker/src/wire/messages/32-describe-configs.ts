import { declareApi } from '../api-declaration.ts';
import { nullable } from '../nullable.ts';
import { array, bool, int16, int32, int8, string } from '../primitives.ts';
import { field, optional, struct } from '../struct.ts';

export const describeConfigs = declareApi({
  key: 32,
  name: 'DescribeConfigs',
  versions: '1-4',
  flexibleVersions: '4+',
  request: {
    resources: field(
      array(
        struct({
          resourceType: field(int8),
          resourceName: field(string),
          configurationKeys: field(nullable(array(string))),
        }),
      ),
    ),
    includeSynonyms: optional(bool),
    includeDocumentation: optional(bool, '3+'),
  },
  response: {
    throttleTimeMs: optional(int32),
    results: field(
      array(
        struct({
          errorCode: field(int16),
          errorMessage: field(nullable(string)),
          resourceType: field(int8),
          resourceName: field(string),
          configs: field(
            array(
              struct({
                name: field(string),
                value: field(nullable(string)),
                readOnly: field(bool),
                configSource: optional(int8, '0+', -1),
                isSensitive: field(bool),
                synonyms: field(
                  array(
                    struct({
                      name: field(string),
                      value: field(nullable(string)),
                      source: field(int8),
                    }),
                  ),
                ),
                configType: optional(int8, '3+'),
                documentation: field(nullable(string), '3+'),
              }),
            ),
          ),
        }),
      ),
    ),
  },
});
