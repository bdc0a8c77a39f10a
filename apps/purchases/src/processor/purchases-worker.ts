import {
  purchasesTopics,
  userProcessingControl,
  userProcessingEvents,
  userProcessingQuarantine,
} from '@chat-cluster/contract/purchases';
import type { WorkerSetup } from '@chat-cluster/node';
import { toldPurchases } from './told-purchases.ts';

/** What a worker of the purchases works with. */
export type PurchasesWorkerOptions = Omit<
  WorkerSetup<never, never, never>,
  'definition' | 'topics' | 'controlTopic' | 'quarantineTopic' | 'eventTopic' | 'onReply'
> & {
  /** Gets a line for each record that is handed to its user, and one for each purchase that has committed. Undefined: nobody does. */
  readonly tell: ((line: string) => void) | undefined;
};

/** A worker that runs the rules of the purchases. */
export function purchasesWorker({ tell, ...options }: PurchasesWorkerOptions) {
  return {
    ...options,
    ...toldPurchases(tell),
    topics: purchasesTopics,
    controlTopic: userProcessingControl.name,
    eventTopic: userProcessingEvents.name,
    quarantineTopic: userProcessingQuarantine.name,
  };
}
