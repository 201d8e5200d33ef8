import { openEmbeddedStore } from '../../../src/drivers/store/embedded.ts';
import { openStateDir } from '../../../src/drivers/store/database.ts';

// An agent in miniature: holds the state directory given to it, makes three swaps, says so, and waits
// to be killed.

const [path = ''] = process.argv.slice(2);
const dir = openStateDir({ path, host: 'fixture-host' });
const store = openEmbeddedStore(dir.leases);
for (let revision = 0; revision < 3; revision += 1) {
  await store.compareAndSwap('lease/shop', revision, `epoch ${revision + 1}`);
}
process.stdout.write('held\n');
process.stdin.resume();
// What nothing refers to any more is collected, and its lock released.
process.once('exit', () => dir.close());
