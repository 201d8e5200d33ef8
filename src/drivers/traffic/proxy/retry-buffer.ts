// The copy of a request's body that a replay needs. Up to the limit everything is kept; a body that outgrows it
// is passed on without a copy once a member has the beginning, and until then the client is made to wait.

export class RetryBuffer {
  readonly #limitBytes: number;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #whole = true;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get pieces(): readonly Buffer[] {
    return this.#pieces;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Everything that came so far is here. */
  get whole(): boolean {
    return this.#whole;
  }

  /** False: there is no room for more until `trim`. `onWire`: a member has been sent what came before. */
  add(piece: Buffer, onWire: boolean): boolean {
    if (!this.#whole) return true;
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    if (onWire) this.trim();
    return this.#bytes <= this.#limitBytes;
  }

  /** All of it has been sent: what is beyond the limit need not be kept. */
  trim(): void {
    if (this.#bytes <= this.#limitBytes) return;
    this.#pieces = [];
    this.#bytes = 0;
    this.#whole = false;
  }
}
