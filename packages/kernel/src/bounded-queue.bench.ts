import { Bench } from 'tinybench';
import { BoundedQueue } from './bounded-queue.ts';

const COUNT = 10_000;

/** A queue is only worth its file while it beats an array, whose shift moves what is left. */
const bench = new Bench({ name: `${COUNT} items in, then out`, time: 200 });

bench.add('BoundedQueue', () => {
  const queue = new BoundedQueue<number>({ countMax: COUNT });
  for (let item = 0; item < COUNT; item += 1) queue.push(item);
  while (queue.shift() !== undefined);
});

bench.add('array', () => {
  const queue: number[] = [];
  for (let item = 0; item < COUNT; item += 1) queue.push(item);
  while (queue.shift() !== undefined);
});

await bench.run();
console.table(bench.table());
