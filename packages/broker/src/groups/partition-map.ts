/** One value per partition, by topic name and number. */
export class PartitionMap<Value> {
  readonly #byTopic = new Map<string, Map<number, Value>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(topic: string, partition: number): Value | undefined {
    return this.#byTopic.get(topic)?.get(partition);
  }

  set(topic: string, partition: number, value: Value): void {
    let byPartition = this.#byTopic.get(topic);
    if (byPartition === undefined) {
      byPartition = new Map<number, Value>();
      this.#byTopic.set(topic, byPartition);
    }
    if (!byPartition.has(partition)) this.#size += 1;
    byPartition.set(partition, value);
  }

  delete(topic: string, partition: number): void {
    const byPartition = this.#byTopic.get(topic);
    if (!byPartition?.delete(partition)) return;
    this.#size -= 1;
    if (byPartition.size === 0) this.#byTopic.delete(topic);
  }

  /** True if the topic had any value. */
  deleteTopic(topic: string): boolean {
    const byPartition = this.#byTopic.get(topic);
    if (byPartition === undefined) return false;
    this.#size -= byPartition.size;
    return this.#byTopic.delete(topic);
  }

  clear(): void {
    this.#byTopic.clear();
    this.#size = 0;
  }

  *values(): IterableIterator<Value> {
    for (const byPartition of this.#byTopic.values()) yield* byPartition.values();
  }
}
