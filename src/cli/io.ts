// What the command line gets from the process that it runs in, and what every command accepts.

export type Io = {
  readonly out: NodeJS.WritableStream;
  readonly err: NodeJS.WritableStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Asked for by what runs until it is stopped; for all else an interrupt ends the process as usual. */
  readonly stopSignal: () => AbortSignal;
};

export type GlobalFlags = {
  readonly config: string;
  readonly api?: string;
  readonly lang?: string;
};
