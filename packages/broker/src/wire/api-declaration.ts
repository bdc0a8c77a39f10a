import {
  struct,
  type AnyStruct,
  type DecodedFields,
  type EncodedFields,
  type Fields,
  type StructType,
} from './struct.ts';
import { includesVersion, versionRange, type VersionRange } from './version-range.ts';

/** What an API is, without its messages. */
export type ApiFacts = {
  readonly key: number;
  /** Kafka's name, without Request or Response. */
  readonly name: string;
  /** The versions that this broker reads and answers. */
  readonly versions: VersionRange;
  /** The versions told to clients; wider than `versions` only where a client needs that (Produce). */
  readonly advertisedVersions: VersionRange;
  /** The versions with compact lengths and tagged fields. */
  readonly flexibleVersions: VersionRange;
};

/** One API of Kafka's protocol: its number, its versions, and both of its messages. */
export type ApiDeclaration<Request extends Fields, Response extends Fields> = ApiFacts & {
  readonly request: StructType<Request>;
  readonly response: StructType<Response>;
};

/** Any declaration, when only its structure matters. */
export type AnyApiDeclaration = ApiFacts & {
  readonly request: AnyStruct;
  readonly response: AnyStruct;
};

/** The decoded request of an API. */
export type RequestOf<Api> =
  Api extends ApiDeclaration<infer Request, infer _> ? DecodedFields<Request> : never;

/** What a handler returns: the response with its optional fields left out where the default will do. */
export type ResponseOf<Api> =
  Api extends ApiDeclaration<infer _, infer Response> ? EncodedFields<Response> : never;

/** A decoded response, as clients see it. */
export type DecodedResponseOf<Api> =
  Api extends ApiDeclaration<infer _, infer Response> ? DecodedFields<Response> : never;

/**
 * Declares an API. `versions`, `advertisedVersions` (default: `versions`) and `flexibleVersions` in Kafka's notation
 * (`'0-4'`, `'9+'`, `'none'`). Source: Kafka's message definitions; `tests/conformance` compares each field with them.
 */
export function declareApi<Request extends Fields, Response extends Fields>(of: {
  key: number;
  name: string;
  versions: string;
  advertisedVersions?: string;
  flexibleVersions: string;
  request: Request;
  response: Response;
}): ApiDeclaration<Request, Response> {
  return {
    key: of.key,
    name: of.name,
    versions: versionRange(of.versions),
    advertisedVersions: versionRange(of.advertisedVersions ?? of.versions),
    flexibleVersions: versionRange(of.flexibleVersions),
    request: struct(of.request),
    response: struct(of.response),
  };
}

export function isFlexible(api: ApiFacts, version: number): boolean {
  return includesVersion(api.flexibleVersions, version);
}
