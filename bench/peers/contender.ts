// What a bench compares: something that serves one address from two members, one of them standing by.

export type Method = 'GET' | 'POST';

export type Act = 'none' | 'kill' | 'hang';

export type Contender = {
  readonly name: string;
  readonly title: string;
  readonly methods: readonly Method[];
  readonly acts: readonly Act[];
  /** Its outages last for seconds, so it takes part in fewer rounds. */
  readonly slow: boolean;
  /** Configuration as its user would write it; null: none, or not a peer's. */
  readonly config: string | null;
  /** Resolves when the first member serves and the second stands by. */
  start(): Promise<Running>;
};

export type Running = {
  /** Where clients connect, on 127.0.0.1. */
  readonly port: number;
  /** The main process of the member that serves. */
  activePid(): Promise<number>;
  /** Removes what the last fault left: resolves when one member serves and the other stands by again. */
  heal(): Promise<void>;
  close(): Promise<void>;
};
