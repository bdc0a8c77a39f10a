declare const brand: unique symbol;

/**
 * A `T` that cannot be mixed up with another: `type WorkerName = Branded<string, 'WorkerName'>`.
 * The brand exists for the compiler only. One function per brand checks a value and makes the cast.
 */
export type Branded<T, Name extends string> = T & { readonly [brand]: Name };
