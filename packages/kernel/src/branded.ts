declare const brand: unique symbol;

/**
 * A `T` that cannot be mixed up with another `T`: `type PartitionKey = Branded<string, 'PartitionKey'>`.
 * The brand exists for the compiler only. One constructor function per brand checks the value and makes the cast.
 */
export type Branded<T, Name extends string> = T & { readonly [brand]: Name };
