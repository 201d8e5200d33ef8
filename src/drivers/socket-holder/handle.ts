import type { Spawned, Spawner, SpawnOrder } from '../member/process/spawner.ts';
import { SocketHolderClient } from './client.ts';

/** The socket holder of one agent: started or taken over when it is first needed, and again after it exited. */
export class SocketHolderHandle implements Spawner {
  readonly #stateDir: string;
  #client: Promise<SocketHolderClient> | null = null;

  constructor(stateDir: string) {
    this.#stateDir = stateDir;
  }

  open(): Promise<SocketHolderClient> {
    this.#client ??= this.#start();
    return this.#client;
  }

  async spawn(order: SpawnOrder): Promise<Spawned> {
    return await (await this.open()).spawn(order);
  }

  /** Ends it, if it was ever needed. */
  async stop(): Promise<void> {
    await (await this.#client)?.stop();
  }

  leave(): void {
    void this.#client?.then((client) => client.leave());
  }

  async #start(): Promise<SocketHolderClient> {
    try {
      const client = await SocketHolderClient.open(this.#stateDir);
      client.onLost(() => {
        this.#client = null;
      });
      return client;
    } catch (error) {
      this.#client = null;
      throw error;
    }
  }
}
