import { unreachable } from '@chat-cluster/kernel';

/** Kafka's types of configuration values; the number is the one on the wire. */
export const ConfigType = {
  BOOLEAN: 1,
  STRING: 2,
  INT: 3,
  LONG: 5,
  DOUBLE: 6,
  LIST: 7,
} as const;
export type ConfigType = (typeof ConfigType)[keyof typeof ConfigType];

/** One configuration: its type, its default as text, what is allowed, and whether this broker acts on it. */
export type ConfigDefinition = {
  readonly name: string;
  readonly type: ConfigType;
  readonly defaultValue: string;
  readonly documentation: string;
  /** The smallest number that is allowed. */
  readonly min?: number;
  /** The largest, where it is not that of the type. */
  readonly max?: number;
  /** The words that are allowed: of the value, or of each element of a list. */
  readonly allowed?: readonly string[];
};

const INT_MAX = 2 ** 31 - 1;
const LONG_MAX = 2 ** 63;

/** Why `value` is not allowed, as a sentence, or null when it is. */
export function refuseConfigValue(definition: ConfigDefinition, value: string): string | null {
  const reason = refuse(definition, value.trim());
  if (reason === null) return null;
  return `Invalid value ${value} for configuration ${definition.name}: ${reason}`;
}

function refuse({ type, min, max, allowed }: ConfigDefinition, value: string): string | null {
  switch (type) {
    case ConfigType.BOOLEAN:
      return /^(true|false)$/i.test(value) ? null : 'it must be true or false';
    case ConfigType.INT:
    case ConfigType.LONG:
      return refuseInteger(value, { min, max: type === ConfigType.INT ? INT_MAX : LONG_MAX });
    case ConfigType.DOUBLE:
      if (value === '' || !Number.isFinite(Number(value))) return 'it must be a number';
      return refuseRange(Number(value), { min, max: max ?? Infinity });
    case ConfigType.LIST:
      return listOf(value).every((word) => allowed?.includes(word) ?? true)
        ? null
        : `it must be a list of ${allowed?.join(', ')}`;
    case ConfigType.STRING:
      return (allowed?.includes(value) ?? true) ? null : `it must be one of ${allowed?.join(', ')}`;
    default:
      return unreachable(type, 'type of configuration');
  }
}

function refuseInteger(
  value: string,
  { min, max }: { min: number | undefined; max: number },
): string | null {
  if (!/^[+-]?\d+$/.test(value)) return 'it must be a whole number';
  return refuseRange(Number(value), { min, max });
}

function refuseRange(
  value: number,
  { min, max }: { min: number | undefined; max: number },
): string | null {
  if (min !== undefined && value < min) return `it must be at least ${min}`;
  return value > max ? `it must be at most ${max}` : null;
}

/** The elements of a list value. */
export function listOf(value: string): string[] {
  return value
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}
