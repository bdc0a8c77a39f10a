/** What configurations belong to; the number is Kafka's. */
export const ConfigResource = { TOPIC: 2, BROKER: 4 } as const;
