import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { stallAwareTimeout, type TimeoutClock } from '../../src/drivers/stall-aware-timeout.ts';

/** A clock that the test moves; timers that are due fire when they are let. */
class TestClock implements TimeoutClock {
  #now = 0;
  #timers: { at: number; run: () => void }[] = [];
  #reads: (() => void)[] = [];

  now = (): number => this.#now;
  after = (ms: number, run: () => void): { cancel: () => void } => {
    const timer = { at: this.#now + ms, run };
    this.#timers.push(timer);
    return { cancel: () => (this.#timers = this.#timers.filter((one) => one !== timer)) };
  };
  afterReading = (run: () => void): void => void this.#reads.push(run);

  /** Time passes while this process runs: each timer fires when it is due. */
  run(ms: number): void {
    const end = this.#now + ms;
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#now = next.at;
      this.#fire(next);
    }
    this.#now = end;
  }

  /** Time passes while this process stands still; what is due fires late. */
  stall(ms: number): void {
    this.#now += ms;
    const due = this.#timers.filter(({ at }) => at <= this.#now);
    for (const timer of due) this.#fire(timer);
  }

  read(): void {
    const reads = this.#reads;
    this.#reads = [];
    for (const run of reads) run();
  }

  #next(end: number): { at: number; run: () => void } | undefined {
    return this.#timers.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0];
  }

  #fire(timer: { run: () => void }): void {
    this.#timers = this.#timers.filter((one) => one !== timer);
    timer.run();
  }
}

function waiting(clock: TestClock): { readonly stop: () => void; readonly isOut: () => boolean } {
  let out = false;
  const stop = stallAwareTimeout(4000, () => (out = true), clock);
  return { stop, isOut: () => out };
}

suite('patience', () => {
  test('ends after its time, once what has arrived is read', () => {
    const clock = new TestClock();
    const { isOut } = waiting(clock);
    clock.run(3999);
    clock.read();
    assert.equal(isOut(), false);
    clock.run(1);
    assert.equal(isOut(), false, 'a reply may lie in the socket');
    clock.read();
    assert.equal(isOut(), true);
  });

  test('is not used up by a stop of this process, however long', () => {
    const clock = new TestClock();
    const { isOut } = waiting(clock);
    clock.run(3000);
    clock.stall(60_000);
    clock.read();
    assert.equal(isOut(), false);
    clock.run(999);
    clock.read();
    assert.equal(isOut(), false, 'the slice that was late does not count');
    clock.run(1001);
    clock.read();
    assert.equal(isOut(), true);
  });

  test('is used up although each slice is a little late', () => {
    const clock = new TestClock();
    const { isOut } = waiting(clock);
    for (let slice = 0; slice < 8; slice += 1) clock.stall(900);
    clock.read();
    assert.equal(isOut(), true);
  });

  test('is not lost by a reply that is read in the last moment', () => {
    const clock = new TestClock();
    const { stop, isOut } = waiting(clock);
    clock.run(4000);
    stop();
    clock.read();
    assert.equal(isOut(), false);
  });
});
