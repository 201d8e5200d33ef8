import type { Upstream } from './upstream.ts';

// Where an exchange stands. It goes from state to state until it is over.

export type ExchangeState =
  /** No member has the request and it does not wait for one: between two of the states below. */
  | { readonly at: 'choosing' }
  /** In the hold queue. */
  | { readonly at: 'held' }
  /** On its way to one member or two, or waiting for the first response. */
  | { readonly at: 'racing'; readonly upstreams: readonly Upstream[] }
  /** `close`: the client's connection ends with this response. */
  | { readonly at: 'answering'; readonly upstreams: readonly [Upstream]; readonly close: boolean }
  | { readonly at: 'over' };

export const CHOOSING: ExchangeState = { at: 'choosing' };
export const HELD: ExchangeState = { at: 'held' };
export const OVER: ExchangeState = { at: 'over' };

const NONE: readonly Upstream[] = [];

/** The connections that have the request, or will have it. */
export function upstreamsOf(state: ExchangeState): readonly Upstream[] {
  return state.at === 'racing' || state.at === 'answering' ? state.upstreams : NONE;
}
