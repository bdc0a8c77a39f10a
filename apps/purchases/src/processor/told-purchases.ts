import type { UserPurchase } from '@chat-cluster/contract/purchases';
import { printable } from '@chat-cluster/kernel';
import { purchases } from '@chat-cluster/purchases';

/**
 * The rules of the purchases with a line for each record that is handed to its entity, and one for each purchase when it
 * has committed. The rules know nothing of it, and without `print` they run as they are.
 *
 * A record that is decided again, after a crash or a hand-over, is told again; a purchase is told by the worker that
 * committed it, at most once.
 */
export function toldPurchases(print: ((line: string) => void) | undefined) {
  if (print === undefined) return { definition: purchases };
  const decide = (...[state, purchase]: Parameters<typeof purchases.decide>) => {
    print(forwardingLine(purchase));
    const decision = purchases.decide(state, purchase);
    return decision.kind === 'decided' ? { ...decision, reply: purchase } : decision;
  };
  return {
    definition: { ...purchases, decide },
    /** The only replies are the purchases of `decide` above. */
    onReply: (_position: unknown, reply: unknown) => print(purchaseLine(reply as UserPurchase)),
  };
}

function forwardingLine({ userId }: UserPurchase): string {
  return `Forwarding message for entity ${oneLine(userId)} to cluster sharding`;
}

function purchaseLine({ userId, product, quantity, price }: UserPurchase): string {
  return `user ${oneLine(userId)} purchase ${oneLine(product)}, quantity ${quantity}, price ${price}`;
}

/** What somebody sent must neither look like lines of ours nor move the cursor. */
function oneLine(text: string): string {
  return printable(text.replaceAll(/[\r\n]+/g, ' '));
}
