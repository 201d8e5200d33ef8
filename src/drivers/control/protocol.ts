import type { EffectFault } from '../../core/reasons.ts';

// What the agent and a process that outlives it say to each other: one JSON value a line on a Unix socket. The process
// greets each agent with what it is and does; the newest agent gives the orders and hears the events. Each order gets
// exactly one reply, which says whether it succeeded.

export type ToProcess<Order> = { readonly id: number; readonly order: Order };

export type Hello<Greeting> = {
  readonly type: 'hello';
  /** Of the process's own orders and events; it grows with every change that an older partner would misunderstand. */
  readonly protocol: number;
  readonly pid: number;
} & Greeting;

export type FromProcess<Greeting, Answer, Event> =
  | Hello<Greeting>
  | { readonly type: 'reply'; readonly id: number; readonly answer: Answer }
  | {
      readonly type: 'failed';
      readonly id: number;
      readonly fault: EffectFault;
      readonly detail: string;
    }
  | { readonly type: 'event'; readonly event: Event }
  /** A newer agent has come: this one's orders count no longer. */
  | { readonly type: 'replaced' };

export function lineOf(
  message: ToProcess<unknown> | FromProcess<object, unknown, unknown>,
): string {
  return `${JSON.stringify(message)}\n`;
}
