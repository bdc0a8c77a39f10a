/**
 * Every limit of the contract, in one place. Sizes of texts are those of their UTF-8 bytes, before
 * JSON escapes anything. What breaks one of them is refused with its field and what was found, and
 * becomes a dead letter.
 */

/** At least one byte: a conversation's key is its identity, its record key and its row key. */
export const CONVERSATION_KEY_BYTES_MAX = 256;

/** At least one byte: a message is from somebody. The same for each recipient. */
export const SENDER_BYTES_MAX = 256;

/** No recipients at all is a message too. */
export const RECIPIENT_COUNT_MAX = 1_000;

/** An empty body is a message too. */
export const BODY_BYTES_MAX = 64 * 1024;

/** At least one byte, if it is given. */
export const MESSAGE_ID_BYTES_MAX = 256;

/** At least one byte, if it is given. */
export const REQUEST_ID_BYTES_MAX = 256;

/** A request for the latest messages asks for 1 to this many. */
export const NUM_MSGS_MAX = 1_000;

/** How many messages back a repeated messageId of the same sender is recognised … */
export const DUPLICATE_WINDOW_MESSAGES = 1_000;

/** … or fewer, when the messageIds of these messages pass this many bytes together. */
export const DUPLICATE_WINDOW_ID_BYTES_MAX = 64 * 1024;

/** At least one byte: the identity of a user who buys, the record's key and the row's key. */
export const USER_ID_BYTES_MAX = 256;

/** A product without a name is bought too. */
export const PRODUCT_BYTES_MAX = 1_024;

/** Of one purchase; at least 1. */
export const QUANTITY_MAX = 1_000_000;

/**
 * Of one product, in pence; at least 0. With the most of it a purchase is 10^15 pence: below 2^53, so that a number
 * holds it exactly.
 */
export const PRICE_MAX = 1_000_000_000;

/** Of one user, in pence: what the int64 of an answer holds. A purchase that would pass it is refused. */
export const TOTAL_PRICE_MAX = 2n ** 63n - 1n;

/**
 * Most bytes of a record's value that a conversation writes (900 kB). Kafka's default for a batch
 * is 1,048,588 bytes: the rest, about 148 kB, is room for the key (256 bytes), for headers, and for
 * the framing of a record (36 bytes) and its batch (61 bytes).
 */
export const VALUE_BYTES_MAX = 900_000;
